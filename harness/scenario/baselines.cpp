#include "harness/scenario/baselines.h"

#include <cstddef>
#include <map>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/did_you_mean.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/error.h"

namespace isoframe::harness::scenario {
namespace {

/// A field of a case's JSON, and the key that a file says it with.
struct Field {
  const char* json;
  const char* key;
};

// What is asked for decides the frames always; how it is computed may differ where different frames are
// expected.
constexpr Field kAskedFor[] = {{"checkpoint", "checkpoint"},
                               {"task", "task"},
                               {"image", "image"},
                               {"prompt", "prompt"},
                               {"negative_prompt", "negative_prompt"},
                               {"height", "height"},
                               {"width", "width"},
                               {"frames", "frames"},
                               {"steps", "steps"},
                               {"seed", "seed"},
                               {"guidance_scale", "guidance_scale"}};
constexpr Field kComputedWith[] = {{"tiling", "tiling.enabled"},
                                   {"tile_size", "tiling.tile_size"},
                                   {"tile_overlap", "tiling.overlap"},
                                   {"dtype", "dtype"},
                                   {"device", "device"},
                                   {"threads_per_rank", "threads_per_rank"}};

std::string shown(const nlohmann::json& value) {
  constexpr std::size_t kLongest = 60;
  if (value.is_null()) return "the checkpoint's own";
  std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

void check_agreement(const Draft& draft, const nlohmann::json& own, const Draft& baseline,
                     const nlohmann::json& reference, const Field& field) {
  const nlohmann::json& mine = own.at(field.json);
  const nlohmann::json& theirs = reference.at(field.json);
  if (mine == theirs) return;
  throw ScenarioError(
      draft.location_of(field.key),
      fmt::format("{} {} of '{}' is not its baseline's: '{}' has {} ({}); both must ask for the same frames",
                  field.key, shown(mine), draft.name, baseline.name, shown(theirs),
                  to_string(baseline.location_of(field.key))));
}

void check_pair(const Draft& draft, const Case& spec, const Draft& baseline, const Case& reference) {
  if (!reference.baseline.empty()) {
    throw ScenarioError(
        draft.location_of("baseline"),
        fmt::format("baseline '{}' has a baseline itself, '{}' ({}); name that one", reference.name,
                    reference.baseline, to_string(baseline.location_of("baseline"))));
  }
  const nlohmann::json own = to_json(spec);
  const nlohmann::json other = to_json(reference);
  for (const Field& field : kAskedFor) check_agreement(draft, own, baseline, other, field);
  if (spec.expected_different) return;
  for (const Field& field : kComputedWith) check_agreement(draft, own, baseline, other, field);
}

/// Identical frames are asked for by default; of an order of addition that is not the baseline's, those
/// within its bound.
void settle_default_gate(const Draft& draft, Case& spec, const Case& reference) {
  const bool is_default = spec.gates.identical && !draft.settings.contains("gates.identical");
  if (!is_default) return;
  spec.gates.identical = model::parallel::numerics(arithmetic_of(spec), arithmetic_of(reference)) ==
                         model::parallel::Numerics::kIdentical;
  spec.gates.bounded = !spec.gates.identical;
}

}  // namespace

void check_baselines(const std::vector<Draft>& drafts, std::vector<Case>& cases) {
  std::map<std::string, std::size_t> index_of;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    index_of.emplace(cases[i].name, i);
    names.push_back(cases[i].name);
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Case& spec = cases[i];
    if (spec.baseline.empty()) continue;
    const auto found = index_of.find(spec.baseline);
    if (found == index_of.end()) {
      throw ScenarioError(drafts[i].location_of("baseline"),
                          fmt::format("baseline '{}' is no case of this file{}", spec.baseline,
                                      base::did_you_mean(spec.baseline, names)));
    }
    const Case& reference = cases[found->second];
    check_pair(drafts[i], spec, drafts[found->second], reference);
    settle_default_gate(drafts[i], spec, reference);
    if (spec.skip_reason.empty() && !reference.skip_reason.empty()) {
      spec.skip_reason = fmt::format("its baseline is skipped: {}", reference.skip_reason);
    }
  }
}

}  // namespace isoframe::harness::scenario
