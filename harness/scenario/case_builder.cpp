#include "harness/scenario/case_builder.h"

#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/scenario/case_keys.h"
#include "harness/scenario/error.h"
#include "harness/scenario/tile_rule.h"
#include "model/device/device.h"
#include "model/parallel/layout.h"

namespace isoframe::harness::scenario {
namespace {

bool is_gate(const std::string& key) { return key.starts_with("gates."); }

/// Whether `settings` say something about frames: then nobody needs the default gate.
bool has_quality_gate(const Settings& settings) {
  for (const char* gate :
       {"identical", "bounded", "psnr_min", "ssim_min", "relative_l2_max", "max_difference_max"}) {
    if (settings.contains(std::string("gates.") + gate)) return true;
  }
  return false;
}

/// Defaults speak to all cases, so what makes no sense for one is dropped; what a case says itself is an
/// error.
void settle_comparison(Settings& settings, Case& result) {
  const bool is_own_baseline = result.baseline == result.name;
  if (is_own_baseline) result.baseline.clear();
  const bool is_compared = !result.baseline.empty();
  if (!is_compared) result.expected_different = false;

  for (auto setting = settings.begin(); setting != settings.end();) {
    const auto& [key, what] = *setting;
    const bool needs_baseline = is_gate(key) || key == "expected_different";
    const bool is_void = needs_baseline && (!is_compared || (is_gate(key) && result.expected_different));
    const bool is_dropped = is_void && (what.from_defaults || is_own_baseline);
    if (is_void && !is_dropped) {
      if (!is_compared) what.value.fail(fmt::format("{} needs a baseline to compare with; name one", key));
      if ((key == "gates.identical" || key == "gates.bounded") && what.value.boolean(key)) {
        what.value.fail(fmt::format("{} contradicts expected_different; keep one", key));
      }
    }
    setting = is_dropped ? settings.erase(setting) : std::next(setting);
  }
}

void require_keys(const Draft& draft, const Case& result) {
  std::vector<std::string> required = {"prompt", "frames", "steps"};
  if (result.task == "i2v") {
    required.push_back("image");
  } else {
    required.insert(required.end(), {"height", "width"});
  }
  std::vector<std::string> missing;
  for (const std::string& key : required) {
    if (!draft.settings.contains(key)) missing.push_back(key);
  }
  if (!missing.empty()) {
    throw ScenarioError(draft.where, fmt::format("case '{}' has no {}; give it here or in defaults",
                                                 draft.name, fmt::join(missing, ", ")));
  }
  if (result.task == "t2v" && draft.settings.contains("image")) {
    throw ScenarioError(draft.location_of("image"), "image is for task i2v; this case is t2v");
  }
  if ((result.height == 0) != (result.width == 0)) {
    throw ScenarioError(draft.location_of(result.height == 0 ? "width" : "height"),
                        "height and width go together; give both, or none for the image's");
  }
}

void settle_dtype(const Draft& draft, Case& result) {
  const bool is_given = draft.settings.contains("dtype");
  if (result.device == "cuda" && !is_given) result.dtype = "bfloat16";
}

void check_tf32(const Draft& draft, const Case& result) {
  if (result.tf32 && (result.device != "cuda" || result.dtype != "float32"))
    throw ScenarioError(
        draft.location_of("tf32"),
        fmt::format("tf32 is for float32 on cuda; this case is {} on {}", result.dtype, result.device));
}

void check_layout(const Draft& draft, const Case& result) {
  const model::parallel::Layout& layout = result.layout;
  // Heads and the default guidance are the checkpoint's to say, before the run: here any layout divides them.
  const model::parallel::LayoutConstraints constraints{.attention_heads = layout.world_size(),
                                                       .guidance_scale = result.guidance_scale.value_or(0.0),
                                                       .tiling = result.tiling};
  try {
    model::parallel::check_layout(layout, constraints);
  } catch (const InputError& error) {
    throw ScenarioError(draft.location_of("layout"), error.what());
  }
}

void check_reduction(const Draft& draft, const Case& result) {
  if (result.reduction_parts > 1 && result.layout.tensor > 1) {
    throw ScenarioError(
        draft.location_of("reduction_parts"),
        fmt::format("reduction_parts {} is for tensor=1; layout '{}' adds in {} parts already",
                    result.reduction_parts, model::parallel::to_string(result.layout), result.layout.tensor));
  }
}

void check_tiles(const Draft& draft, const Case& result) {
  if (!result.tiling) return;
  const bool has_size = draft.settings.contains("tiling.tile_size");
  const std::string problem = tile_problem(result.tile_size, result.tile_overlap, kSpatialCompression);
  if (!problem.empty()) {
    throw ScenarioError(draft.location_of(has_size ? "tiling.tile_size" : "tiling.overlap"), problem);
  }
}

}  // namespace

Case build_case(const Draft& draft, const std::filesystem::path& checkpoint) {
  Case result;
  result.name = draft.name;
  result.where = draft.where;
  result.checkpoint = checkpoint;
  for (const auto& [key, setting] : draft.settings) read_key(result, key, setting.value);

  Settings settings = draft.settings;
  settle_comparison(settings, result);
  result.gates = {};
  for (const auto& [key, setting] : settings) {
    if (is_gate(key)) read_key(result, key, setting.value);
  }
  if (!result.baseline.empty() && !result.expected_different && !has_quality_gate(settings)) {
    result.gates.identical = true;
  }

  require_keys(draft, result);
  settle_dtype(draft, result);
  check_tf32(draft, result);
  check_tiles(draft, result);
  check_reduction(draft, result);
  check_layout(draft, result);
  return result;
}

std::string reason_to_skip(const Case& spec) {
  try {
    model::device::check_available(spec.device, spec.launcher.empty() ? spec.layout.world_size() : 0);
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

}  // namespace isoframe::harness::scenario
