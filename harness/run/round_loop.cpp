#include "harness/run/round_loop.h"

#include <algorithm>

#include "harness/run/preflight.h"
#include "harness/run/round.h"

namespace isoframe::harness::run {

using scenario::Case;

namespace {

int count_rounds(const std::vector<Case>& cases) {
  int count = 0;
  for (const Case& value : cases) count += value.skip_reason.empty() ? rounds_of(value) : 0;
  return count;
}

}  // namespace

int rounds_of(const Case& value) { return value.baseline.empty() ? std::max(2, value.repeat) : value.repeat; }

RoundLoop::RoundLoop(const std::vector<Case>& cases, const RunDirectory& directory, const RunOptions& options)
    : cases_(cases), directory_(directory), options_(options), progress_(count_rounds(cases)) {}

void RoundLoop::run() {
  std::vector<const Case*> order;
  for (const Case& value : cases_) order.push_back(&value);
  run_again(order, /*measurement=*/0);
}

void RoundLoop::run_again(const std::vector<const Case*>& order, int measurement) {
  int rounds = 0;
  for (const Case* value : order) rounds = std::max(rounds, rounds_of(*value));
  for (int k = 0; k < rounds; ++k) run_round_of(order, measurement, k);
}

void RoundLoop::run_round_of(std::vector<const Case*> order, int measurement, int k) {
  if (k % 2 == 1) std::reverse(order.begin(), order.end());
  for (const Case* value : order) {
    const int rounds = rounds_of(*value);
    if (!interrupted() && k < rounds) run_one(*value, measurement * rounds + k);
  }
}

void RoundLoop::run_one(const Case& value, int index) {
  if (!value.skip_reason.empty() || !directory_.error(value).is_null()) return;
  progress_.begin(value.name);
  if (!directory_.has_round(value, index)) {
    directory_.forget(value, index);
    const RoundContext context{this_program(), [this](const launch::Progress& p) { progress_.update(p); },
                               options_.interrupted};
    const RoundResult result = run_round(value, directory_.round(value, index), context);
    if (result.status == RoundResult::Status::kOk) directory_.keep_round(value, index, result);
    if (result.status == RoundResult::Status::kInterrupted) directory_.forget(value, index);
    if (!result.error.is_null()) directory_.keep_error(value, index, result.error);
  }
  progress_.end();
}

}  // namespace isoframe::harness::run
