#include "harness/scenario/baselines.h"

#include <cstddef>
#include <map>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/did_you_mean.h"
#include "base/text.h"
#include "harness/scenario/case_keys.h"
#include "harness/scenario/error.h"
#include "harness/scenario/likeness.h"

namespace isoframe::harness::scenario {
namespace {

std::string shown(const CaseKey& key, const nlohmann::json& value) {
  // "the checkpoint's": what holds where the key is not given.
  if (value.is_null()) return key.fallback.starts_with("required") ? "none" : key.fallback + " own";
  return base::shortened(value.dump());
}

void check_agreement(const Draft& draft, const Case& spec, const Draft& baseline, const Case& reference,
                     const CaseKey& key) {
  const nlohmann::json mine = key.to_json(spec), theirs = key.to_json(reference);
  if (mine == theirs) return;
  throw ScenarioError(
      draft.location_of(key.name),
      fmt::format("{} {} of '{}' is not its baseline's: '{}' has {} ({}); both must ask for the same frames",
                  key.name, shown(key, mine), draft.name, baseline.name, shown(key, theirs),
                  to_string(baseline.location_of(key.name))));
}

/// Refuses a gate on time if the baseline has another number of rounds: times are paired round by round, and
/// both sides are measured again together.
void check_repeat(const Draft& draft, const Case& spec, const Draft& baseline, const Case& reference) {
  if (!spec.gates.latency_ratio_max || spec.repeat == reference.repeat) return;
  throw ScenarioError(
      draft.location_of("repeat"),
      fmt::format(
          "repeat {} of '{}' is not its baseline's: '{}' has {} ({}); gates.latency_ratio_max compares "
          "times round by round, so both need the same",
          spec.repeat, draft.name, baseline.name, reference.repeat,
          to_string(baseline.location_of("repeat"))));
}

void check_pair(const Draft& draft, const Case& spec, const Draft& baseline, const Case& reference) {
  if (!reference.baseline.empty()) {
    throw ScenarioError(
        draft.location_of("baseline"),
        fmt::format("baseline '{}' has a baseline itself, '{}' ({}); name that one", reference.name,
                    reference.baseline, to_string(baseline.location_of("baseline"))));
  }
  for (const CaseKey& key : case_keys()) {
    if (is_shared_with_baseline(key, spec)) check_agreement(draft, spec, baseline, reference, key);
  }
  check_repeat(draft, spec, baseline, reference);
}

/// Sets the default gate: identical frames, or frames within the bound if the case adds in another order than
/// the baseline.
void settle_default_gate(const Draft& draft, Case& spec, const Case& reference) {
  const bool is_default = spec.gates.identical && !draft.settings.contains("gates.identical");
  if (!is_default) return;
  // Nobody knows in which order another engine adds.
  const bool is_ours = !is_foreign(spec) && !is_foreign(reference);
  spec.gates.identical =
      is_ours && model::parallel::numerics(arithmetic_of(spec), arithmetic_of(reference)) ==
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
  }
  skip_with_baselines(cases);
}

void skip_with_baselines(std::vector<Case>& cases) {
  std::map<std::string, std::string> reasons;
  for (const Case& spec : cases)
    if (!spec.skip_reason.empty()) reasons.emplace(spec.name, spec.skip_reason);
  for (Case& spec : cases)
    if (const auto reason = reasons.find(spec.baseline); reason != reasons.end() && spec.skip_reason.empty())
      spec.skip_reason = fmt::format("its baseline is skipped: {}", reason->second);
}

}  // namespace isoframe::harness::scenario
