#include "harness/scenario/case_builder.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/did_you_mean.h"
#include "harness/scenario/case_keys.h"
#include "harness/scenario/error.h"
#include "harness/scenario/gates.h"
#include "harness/scenario/readers.h"
#include "harness/scenario/tile_rule.h"
#include "model/device/device.h"
#include "model/parallel/layout.h"

namespace isoframe::harness::scenario {
namespace {

const std::string kGatePrefix = "gates.";
const std::string kCompareBy = "compare_by", kLocked = "locked";

bool is_gate(const std::string& key) { return key.starts_with(kGatePrefix); }

bool is_claim(const std::string& key) {
  return std::ranges::any_of(kGateClaims,
                             [&](const GateClaim& claim) { return key == kGatePrefix + claim.name; });
}

/// True if `settings` have a gate of frames, which replaces the default gate.
bool has_quality_gate(const Settings& settings) {
  const auto is_given = [&](const auto& gate) { return settings.contains(kGatePrefix + gate.name); };
  return std::ranges::any_of(kGateClaims, is_given) ||
         std::ranges::any_of(kGates, [&](const Gate& gate) { return !is_ratio(gate) && is_given(gate); });
}

/// Puts the value of a key of Settings into the field that it stands for.
void read_key(Case& result, const std::string& key, const Value& value, const std::string& called) {
  if (is_gate(key)) {
    read_gate(result.gates, key.substr(kGatePrefix.size()), value, called);
  } else {
    case_key(key).read(result, value, called);
  }
}

/// Drops gates of the defaults that make no sense for this case; one that the case sets itself is an error.
void settle_comparison(Settings& settings, Case& result) {
  const bool is_own_baseline = result.baseline == result.name;
  if (is_own_baseline) result.baseline.clear();
  const bool is_compared = !result.baseline.empty();
  if (!is_compared) result.expected_different = false;

  for (auto setting = settings.begin(); setting != settings.end();) {
    const auto& [key, what] = *setting;
    const bool asks_for_likeness = is_gate(key) || (key == kCompareBy && result.compare_by == kLocked);
    const bool needs_baseline = asks_for_likeness || key == "expected_different";
    const bool is_void = needs_baseline && (!is_compared || (asks_for_likeness && result.expected_different));
    const bool is_dropped = is_void && (what.from_defaults || is_own_baseline);
    if (is_void && !is_dropped) {
      if (!is_compared) what.value.fail(fmt::format("{} needs a baseline to compare with; name one", key));
      if (key == kCompareBy || (is_claim(key) && what.value.boolean(key))) {
        what.value.fail(fmt::format("{} contradicts expected_different; keep one", key));
      }
    }
    if (is_dropped && key == kCompareBy) result.compare_by = Case().compare_by;
    setting = is_dropped ? settings.erase(setting) : std::next(setting);
  }
}

/// A file says the size of a text-to-video case; `generate` has one to fall back on.
std::vector<std::string> required_keys(const Draft& draft, const Case& result) {
  if (result.task == "i2v") return {"prompt", "frames", "steps", "image"};
  if (draft.is_from_options) return {"prompt", "frames", "steps"};
  return {"prompt", "frames", "steps", "height", "width"};
}

void require_keys(const Draft& draft, const Case& result) {
  std::vector<std::string> missing;
  for (const std::string& key : required_keys(draft, result)) {
    if (!draft.settings.contains(key)) missing.push_back(draft.called(key));
  }
  if (!missing.empty()) {
    const std::string keys = fmt::format("{}", fmt::join(missing, ", "));
    fail_at(draft.where,
            draft.is_from_options
                ? fmt::format("task {} needs {}", result.task, keys)
                : fmt::format("case '{}' has no {}; give it here or in defaults", draft.name, keys));
  }
  if (result.task == "t2v" && draft.settings.contains("image")) {
    fail_at(draft.location_of("image"),
            fmt::format("{} is for task i2v; this case is t2v", draft.called("image")));
  }
  if (result.height.has_value() != result.width.has_value()) {
    fail_at(draft.location_of(result.height ? "height" : "width"),
            fmt::format("{} and {} go together; give both, or none for the image's", draft.called("height"),
                        draft.called("width")));
  }
}

void settle_device_and_dtype(const Draft& draft, Case& result) {
  if (result.device == "auto") result.device = model::device::of_machine();
  const bool is_given = draft.settings.contains("dtype");
  if (result.device == "cuda" && !is_given) result.dtype = "bfloat16";
}

void check_tf32(const Draft& draft, const Case& result) {
  if (result.tf32 && (result.device != "cuda" || result.dtype != "float32"))
    fail_at(draft.location_of("tf32"), fmt::format("{} is for float32 on cuda; this case is {} on {}",
                                                   draft.called("tf32"), result.dtype, result.device));
}

void check_layout(const Draft& draft, const Case& result) {
  const model::parallel::Layout& layout = result.layout;
  // The checkpoint has the heads and the default guidance, which are checked before the run; here any layout
  // divides them.
  const model::parallel::LayoutConstraints constraints{.attention_heads = layout.world_size(),
                                                       .guidance_scale = result.guidance_scale.value_or(0.0),
                                                       .tiling = result.tiling};
  try {
    model::parallel::check_layout(layout, constraints);
  } catch (const InputError& error) {
    fail_at(draft.location_of("layout"), error.what());
  }
}

void check_reduction(const Draft& draft, const Case& result) {
  if (result.reduction_parts > 1 && result.layout.tensor > 1) {
    fail_at(draft.location_of("reduction_parts"),
            fmt::format("{} {} is for tensor=1; layout '{}' adds in {} parts already",
                        draft.called("reduction_parts"), result.reduction_parts,
                        model::parallel::to_string(result.layout), result.layout.tensor));
  }
}

void check_tiles(const Draft& draft, const Case& result) {
  if (!result.tiling) return;
  const bool has_size = draft.settings.contains("tiling.tile_size");
  const std::string problem = tile_problem(result.tile_size, result.tile_overlap, kSpatialCompression);
  if (!problem.empty()) {
    fail_at(draft.location_of(has_size ? "tiling.tile_size" : "tiling.overlap"), problem);
  }
}

}  // namespace

Case build_case(const Draft& draft, const Case& initial) {
  Case result = initial;
  result.name = draft.name;
  result.where = draft.where;
  for (const auto& [key, setting] : draft.settings) read_key(result, key, setting.value, draft.called(key));

  Settings settings = draft.settings;
  settle_comparison(settings, result);
  result.gates = {};
  for (const auto& [key, setting] : settings) {
    if (is_gate(key)) read_key(result, key, setting.value, key);
  }
  const bool has_own_limits = has_quality_gate(settings) || result.compare_by == kLocked;
  if (!result.baseline.empty() && !result.expected_different && !has_own_limits) {
    result.gates.identical = true;
  }

  require_keys(draft, result);
  settle_device_and_dtype(draft, result);
  check_tf32(draft, result);
  check_tiles(draft, result);
  check_reduction(draft, result);
  check_layout(draft, result);
  return result;
}

void settle_engine(const Draft& draft, Case& spec, const std::map<std::string, Engine>& engines) {
  spec.program.reset();
  if (spec.noise == "shared" && spec.baseline.empty())
    fail_at(draft.location_of("noise"), "noise 'shared' needs a baseline whose noise it is; name one");
  if (!is_foreign(spec)) {
    if (!spec.engine_options.empty())
      fail_at(draft.location_of("engine_options"),
              "engine_options are for other engines; isoframe's own are keys of the case");
    return;
  }
  const auto found = engines.find(spec.engine);
  if (found == engines.end()) {
    std::vector<std::string> names = {kIsoframe};
    for (const auto& [name, engine] : engines) names.push_back(name);
    fail_at(draft.location_of("engine"), fmt::format("engine '{}' is none of the file's `engines`{}",
                                                     spec.engine, base::did_you_mean(spec.engine, names)));
  }
  if (!spec.launcher.empty())
    fail_at(draft.location_of("launcher"),
            fmt::format("a launcher starts isoframe's own ranks; case '{}' runs engine '{}'", spec.name,
                        spec.engine));
  spec.program = found->second;
}

std::string reason_to_skip(const Case& spec) {
  if (is_foreign(spec)) return "";  // it says itself what it can do
  try {
    model::device::check_available(spec.device, spec.launcher.empty() ? spec.layout.world_size() : 0);
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

}  // namespace isoframe::harness::scenario
