#include "harness/run/round_loop.h"

#include <algorithm>

#include "harness/run/preflight.h"
#include "harness/run/round.h"

namespace isoframe::harness::run {

using scenario::Case;

namespace {

int count_rounds(const std::vector<Case>& cases) {
  int count = 0;
  for (const Case& spec : cases) count += spec.skip_reason.empty() ? rounds_of(spec) : 0;
  return count;
}

}  // namespace

int rounds_of(const Case& spec) { return spec.baseline.empty() ? std::max(2, spec.repeat) : spec.repeat; }

RoundLoop::RoundLoop(const std::vector<Case>& cases, const RunDirectory& directory, const RunOptions& options)
    : cases_(cases), directory_(directory), options_(options), progress_(count_rounds(cases)) {}

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
  for (const Case* spec : order) {
    const int rounds = rounds_of(*spec);
    if (!interrupted() && k < rounds) run_one(*spec, measurement * rounds + k);
  }
}

void RoundLoop::run_one(const Case& spec, int index) {
  if (!spec.skip_reason.empty() || directory_.error(spec)) return;
  progress_.begin(spec.name);
  if (!directory_.has_round(spec, index)) {
    directory_.forget(spec, index);
    const RoundContext context{this_program(), [this](const launch::Progress& p) { progress_.update(p); },
                               options_.interrupted};
    const RoundResult result = run_round(spec, directory_.round(spec, index), context);
    if (result.status == RoundResult::Status::kOk) directory_.keep_round(spec, index);
    if (result.status == RoundResult::Status::kInterrupted) directory_.forget(spec, index);
    if (result.error) directory_.keep_error(spec, index, *result.error);
  }
  progress_.end();
}

}  // namespace isoframe::harness::run
