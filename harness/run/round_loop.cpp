#include "harness/run/round_loop.h"

#include <algorithm>
#include <exception>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "harness/run/engines.h"
#include "harness/run/entries.h"
#include "harness/run/outputs.h"
#include "harness/run/preflight.h"
#include "harness/run/round.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using scenario::Case;

namespace {

int count_rounds(const std::vector<Case>& cases) {
  int count = 0;
  for (const Case& spec : cases) count += spec.skip_reason.empty() ? rounds_of(spec) : 0;
  return count;
}

}  // namespace

RoundLoop::RoundLoop(const std::vector<Case>& cases, const RunDirectory& directory, const RunOptions& options,
                     Origins& origins)
    : cases_(cases),
      directory_(directory),
      options_(options),
      origins_(origins),
      progress_(count_rounds(cases)) {}

void RoundLoop::run() {
  std::vector<const Case*> order;
  for (const Case& spec : cases_) order.push_back(&spec);
  run_again(order, /*measurement=*/0);
}

void RoundLoop::run_again(const std::vector<const Case*>& order, int measurement) {
  int rounds = 0;
  for (const Case* spec : order) rounds = std::max(rounds, rounds_of(*spec));
  for (int k = 0; k < rounds; ++k) run_round_of(order, measurement, k);
}

void RoundLoop::run_round_of(std::vector<const Case*> order, int measurement, int k) {
  if (k % 2 == 1) std::reverse(order.begin(), order.end());
  // Whose noise is shared has to leave it first.
  std::ranges::stable_partition(order, [](const Case* spec) { return spec->noise != "shared"; });
  for (const Case* spec : order) {
    const int rounds = rounds_of(*spec);
    if (!interrupted() && k < rounds) run_one(*spec, measurement * rounds + k);
  }
}

void RoundLoop::run_one(const Case& spec, int index) {
  if (!spec.skip_reason.empty() || failed_.contains(spec.name)) return;
  progress_.begin(spec.name);
  RoundResult result;
  try {
    const records::Origin origin = origins_.of(spec);
    if (!directory_.obstacles(spec, index, origin).empty()) result = measure(spec, index, origin);
  } catch (const std::exception& error) {
    // What a round left and cannot be kept is its case's trouble, and not that of the others.
    result.status = RoundResult::Status::kError;
    result.error.emplace().message = message_of(error);
  }
  if (result.error) keep_error(spec, index, *result.error);
  progress_.end();
}

RoundResult RoundLoop::measure(const Case& spec, int index, records::Origin origin) {
  directory_.forget(spec, index);
  const RoundContext context{this_program(), [this](const launch::Progress& p) { progress_.update(p); },
                             options_.interrupted, options_.resident.get(), directory_.noise_for(spec)};
  RoundResult result = run_round(spec, directory_.round(spec, index), context);
  if (result.status == RoundResult::Status::kInterrupted) directory_.forget(spec, index);
  if (result.status != RoundResult::Status::kOk) return result;
  const std::vector<std::string> changed = records::differences(origins_.of(spec), origin);
  if (scenario::is_foreign(spec)) require_outputs(spec, directory_.round(spec, index));
  origin.engine.merge(result.facts);
  if (!changed.empty())
    throw RunError(fmt::format("it changed while the round ran: {}; --resume measures it again",
                               fmt::join(changed, "; ")));
  directory_.keep_round(spec, index, origin);
  // The reports' end tries again, and says why it could not be written.
  if (index == 0) keep_video(directory_.of(spec));
  return result;
}

void RoundLoop::keep_error(const Case& spec, int index, const records::Failure& error) {
  failed_.insert(spec.name);
  try {
    directory_.keep_error(spec, index, error);
  } catch (const std::exception& unwritten) {
    unkept_[spec.name] = error;
    std::cerr << fmt::format("warning: {}: {} ({})\n", spec.name, error.message, message_of(unwritten));
  }
}

}  // namespace isoframe::harness::run
