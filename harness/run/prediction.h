#pragma once
// Predictions of the plan beside measurements, and the rates of collectives as nccl-tests defines them.

#include <optional>
#include <vector>

#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/rank.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// Memory and traffic that every rank is predicted to need, in the order of ranks.
using Prediction = std::vector<reports::records::PredictedRank>;

/// Predicts a case by its plan.  `tile_costs` are those that rank 0 recorded: the sharing of tiles follows
/// from them.
Prediction predict(const scenario::Case& spec,
                   const std::optional<reports::records::TileCostTable>& tile_costs);

/// Completes the rows of collectives with rates and, given a prediction, with predicted bytes (a row is added
/// for a predicted collective that moved nothing); a rank is given its planned peak.  There is no prediction
/// where the checkpoint is gone.
void set_beside(reports::records::CaseResult& result, const scenario::Case& spec,
                const std::optional<Prediction>& prediction);

/// Bytes a second of one rank's row, waiting for the others included.  The size is that of nccl-tests
/// (PERFORMANCE.md): for all_gather the data of a rank at the end, for all_to_all at the beginning, for
/// all_reduce, broadcast and point to point the tensor.  The bus bandwidth is (n-1)/n of it for all_gather
/// and all_to_all, 2(n-1)/n for all_reduce, all of it for broadcast and point to point.
struct Bandwidth {
  double algorithm = 0.0;
  double bus = 0.0;
};
Bandwidth bandwidth_of(const reports::records::Collective& collective, int ranks);

/// Adds up all ranks, one row a group and collective; the bus bandwidth is the slowest rank's.
std::vector<reports::records::CollectiveSum> sum_of_collectives(
    const std::vector<reports::records::RankResult>& ranks);

}  // namespace isoframe::harness::run
