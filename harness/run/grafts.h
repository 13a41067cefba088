#pragma once
// Grafting: the baseline's tensors in a case's run, to tell a place's own error from what it has inherited,
// and what differs behind it.

#include <filesystem>
#include <set>
#include <vector>

#include "harness/locate/comparison.h"
#include "harness/run/round.h"
#include "harness/scenario/case.h"
#include "reports/records/divergence.h"

namespace isoframe::harness::run {

/// A case and its baseline, each of which has run once.
struct GraftedPair {
  const scenario::Case& spec;
  const scenario::Case& baseline;
  const locate::Reference& reference;
  const std::vector<locate::Recording>& recordings;
  const locate::Rules& rules;
};

/// Adds to the record of the first divergence, one of values, its own error and the difference behind it.
/// Where an engine cannot be given tensors, or the baseline has several ranks, `not_grafted` says so.  Runs
/// both cases a few times more; `directory` is for what they leave.
void graft(const GraftedPair& pair, const locate::Divergence& first, const std::filesystem::path& directory,
           const RoundContext& context, reports::records::FirstDivergence& record);

}  // namespace isoframe::harness::run
