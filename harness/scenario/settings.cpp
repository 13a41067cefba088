#include "harness/scenario/settings.h"

#include <utility>

namespace isoframe::harness::scenario {
namespace {

std::vector<std::string> make_axis_keys() {
  std::vector<std::string> keys = case_keys();
  for (const std::string key : {"tiling", "gates"}) {
    for (const std::string& subkey : subkeys(key)) keys.push_back(key + "." + subkey);
  }
  return keys;
}

void put(Settings& settings, const std::string& key, Setting setting) {
  settings.insert_or_assign(key, std::move(setting));
}

void put_all(Settings& settings, const std::string& key, const Setting& setting) {
  for (const Entry& entry : setting.value.mapping(key, subkeys(key))) {
    put(settings, key + "." + entry.key, {entry.value, setting.from_defaults});
  }
}

}  // namespace

const std::vector<std::string>& case_keys() {
  static const std::vector<std::string> keys = {"checkpoint",
                                                "task",
                                                "image",
                                                "prompt",
                                                "negative_prompt",
                                                "height",
                                                "width",
                                                "frames",
                                                "steps",
                                                "seed",
                                                "guidance_scale",
                                                "tiling",
                                                "layout",
                                                "reduction",
                                                "reduction_parts",
                                                "dtype",
                                                "device",
                                                "tf32",
                                                "threads_per_rank",
                                                "warmup",
                                                "repeat",
                                                "timeout_seconds",
                                                "meeting_seconds",
                                                "launcher",
                                                "gates",
                                                "baseline",
                                                "published",
                                                "expected_different"};
  return keys;
}

const std::vector<std::string>& axis_keys() {
  static const std::vector<std::string> keys = make_axis_keys();
  return keys;
}

const std::vector<std::string>& subkeys(const std::string& key) {
  static const std::map<std::string, std::vector<std::string>> keys = {
      {"tiling", {"enabled", "tile_size", "overlap"}},
      {"gates",
       {"identical", "bounded", "psnr_min", "ssim_min", "relative_l2_max", "max_difference_max",
        "latency_ratio_max", "peak_tensor_ratio_max"}},
      {"layout", {"ulysses", "ring", "cfg", "tensor", "vae_patch"}}};
  static const std::vector<std::string> none;
  const auto found = keys.find(key);
  return found == keys.end() ? none : found->second;
}

void set(Settings& settings, const std::string& key, const Setting& setting) {
  if (key == "tiling") {
    // A mapping speaks of tiles, so it turns them on unless it says otherwise; plain true or false is short
    // for its `enabled`.
    const Value enabled = setting.value.is_mapping()
                              ? Value(YAML::Node(std::string("true")), setting.value.where())
                              : setting.value;
    put(settings, "tiling.enabled", {enabled, setting.from_defaults});
    if (setting.value.is_mapping()) put_all(settings, key, setting);
  } else if (key == "gates") {
    put_all(settings, key, setting);
  } else {
    put(settings, key, setting);
  }
}

}  // namespace isoframe::harness::scenario
