#include "harness/compare/trace_likeness.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "harness/judge/locked.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/likeness.h"
#include "model/parallel/numerics.h"

namespace isoframe::harness::compare {

namespace records = reports::records;
using model::parallel::Numerics;
using nlohmann::json;
using scenario::CaseKey;
using scenario::Role;

namespace {

std::string in_both(const std::string& name, const std::string& in_a, const std::string& in_b) {
  return fmt::format("{}: {} in A, {} in B", name, base::shortened(in_a), base::shortened(in_b));
}

/// Keys of that role with other values.  A value that one side leaves to the checkpoint is no other.
std::vector<std::string> differing_keys(const Described& a, const Described& b, Role role,
                                        const std::set<std::string>& left_out = {}) {
  std::vector<std::string> found;
  for (const scenario::Difference& difference : scenario::differences(b.spec, scenario::to_json(a.spec))) {
    if (difference.role != role || left_out.contains(difference.key)) continue;
    const CaseKey& key = scenario::case_key(difference.key);
    const json in_a = key.to_json(a.spec), in_b = key.to_json(b.spec);
    if (!in_a.is_null() && !in_b.is_null()) found.push_back(in_both(key.name, in_a.dump(), in_b.dump()));
  }
  return found;
}

/// Names whose texts differ, or that only one side has.
std::vector<std::string> differing_names(const std::map<std::string, std::string>& a,
                                         const std::map<std::string, std::string>& b) {
  std::set<std::string> names;
  for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
    for (const auto& [name, text] : *one)
      if (const auto found = other->find(name); found == other->end() || found->second != text)
        names.insert(name);
  return {names.begin(), names.end()};
}

/// Facts that both engines tell and that differ.
std::vector<std::string> differing_facts(const Described& a, const Described& b) {
  std::vector<std::string> found;
  for (const auto& [name, in_a] : a.record.facts) {
    const auto in_b = b.record.facts.find(name);
    if (in_b != b.record.facts.end() && in_b->second != in_a)
      found.push_back(in_both(name, in_a, in_b->second));
  }
  return found;
}

/// Differences of build and machine; nothing where one side does not tell them.
std::optional<std::vector<std::string>> differing_builds(const Described& a, const Described& b) {
  if (!a.record.origin || !b.record.origin) return std::nullopt;
  records::Origin now = *b.record.origin;
  now.checkpoint = a.record.origin->checkpoint;
  now.image = a.record.origin->image;
  std::vector<std::string> found = records::differences(now, *a.record.origin);
  for (std::string& difference : found) difference += " (A then, B now)";
  return found;
}

bool is_same_engine(const Described& a, const Described& b) {
  return a.record.engine.name == b.record.engine.name && a.record.engine.version == b.record.engine.version;
}

/// True if the engine promises of its layout what isoframe's own does.
bool promises_as_isoframe(const Described& one) {
  const bool is_identical =
      model::parallel::numerics(scenario::arithmetic_of(one.spec)) == Numerics::kIdentical;
  return one.record.numerics &&
         (one.record.numerics->kind == records::NumericsClass::kIdentical) == is_identical;
}

bool adds_alike(const Described& a, const Described& b) {
  const bool is_alike = model::parallel::numerics(scenario::arithmetic_of(b.spec),
                                                  scenario::arithmetic_of(a.spec)) == Numerics::kIdentical;
  const bool is_one_layout =
      model::parallel::to_string(a.spec.layout) == model::parallel::to_string(b.spec.layout);
  return is_alike && (is_one_layout || (promises_as_isoframe(a) && promises_as_isoframe(b)));
}

/// The reason why sums may be in any order; empty if one build has computed both.
std::string reason_for_any_order(const Described& a, const Described& b) {
  if (a.record.engine.name != b.record.engine.name) return "two engines";
  if (!is_same_engine(a, b)) return "two versions of the engine";
  if (!differing_keys(a, b, Role::kComputedWith).empty()) return "they are computed with other settings";
  const auto builds = differing_builds(a, b);
  if (!builds) return "one trace does not tell what has computed it";
  return builds->empty() && differing_facts(a, b).empty() ? "" : "two builds or machines";
}

TraceTolerance up_to(std::optional<double> bound, const std::string& reason) {
  if (!bound) throw InputError("neither trace tells how far apart they may be; give --tolerance");
  if (*bound <= judge::kProvingBound) return {*bound, reason};
  return {judge::kProvingBound, fmt::format("{}; their bound, {:.1e}, would prove nothing", reason, *bound)};
}

}  // namespace

Described described(records::TraceRecord record) {
  Described result{.record = std::move(record), .spec = {}};
  result.spec = scenario::case_from_json(result.record.spec);
  const int ranks = result.spec.layout.world_size();
  if (result.record.ranks != ranks)
    throw InputError(fmt::format("says that {} ranks computed it, and its case's layout {} has {}",
                                 result.record.ranks, model::parallel::to_string(result.spec.layout), ranks));
  if (!result.record.parts_of.empty() && ranks != 1)
    throw InputError("holds the parts of another layout, which one rank computes, and its case has several");
  return result;
}

std::vector<std::string> differing_requests(const Described& a, const Described& b, bool any_checkpoint) {
  const auto &origin_a = a.record.origin, &origin_b = b.record.origin;
  const bool knows_checkpoints =
      origin_a && origin_b && !origin_a->checkpoint.empty() && !origin_b->checkpoint.empty();
  const bool knows_images = origin_a && origin_b && !origin_a->image.empty() && !origin_b->image.empty();
  // Where the content is known, it does not matter where it lies.
  std::set<std::string> left_out;
  if (knows_checkpoints || any_checkpoint) left_out.insert("checkpoint");
  if (any_checkpoint) left_out.insert("variant");
  if (knows_images) left_out.insert("image");
  std::vector<std::string> found = differing_keys(a, b, Role::kAskedFor, left_out);
  if (knows_images && origin_a->image != origin_b->image) found.emplace_back("image: other content");
  if (!knows_checkpoints || any_checkpoint) return found;
  if (const auto parts = differing_names(origin_a->checkpoint, origin_b->checkpoint); !parts.empty())
    found.push_back(fmt::format("checkpoint: other content in {} (--any-checkpoint compares all the same)",
                                fmt::join(parts, ", ")));
  return found;
}

std::vector<std::string> differing_computations(const Described& a, const Described& b) {
  std::vector<std::string> found = differing_keys(a, b, Role::kComputedWith);
  for (std::vector<std::string>& more :
       std::vector{differing_facts(a, b), differing_builds(a, b).value_or(std::vector<std::string>())})
    found.insert(found.end(), more.begin(), more.end());
  if (a.record.origin && b.record.origin)
    if (const auto parts = differing_names(a.record.origin->checkpoint, b.record.origin->checkpoint);
        !parts.empty())
      found.push_back(fmt::format("checkpoint: other content in {}", fmt::join(parts, ", ")));
  return found;
}

TraceTolerance tolerance_between(const Described& a, const Described& b) {
  if (const std::string reason = reason_for_any_order(a, b); !reason.empty())
    return up_to(std::max(a.record.reordered_l2, b.record.reordered_l2), reason);
  if (adds_alike(a, b)) return {0.0, "one build, and layouts that promise the same bits"};
  const auto bound_of = [](const Described& one) {
    return one.record.numerics ? one.record.numerics->relative_l2 : 0.0;
  };
  const double bound = std::hypot(bound_of(a), bound_of(b));
  return up_to(bound > 0.0 ? std::optional(bound) : std::max(a.record.reordered_l2, b.record.reordered_l2),
               "the layouts add in different orders");
}

}  // namespace isoframe::harness::compare
