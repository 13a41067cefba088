#pragma once
// What was measured beside what the plan predicts, and collectives' rates as nccl-tests states them.

#include <nlohmann/json.hpp>

#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// By rank: {"peak_tensor_bytes", "collectives": [{"group", "collective", "bytes_sent", "bytes_received"}]}.
/// `tile_costs` as rank 0 recorded them (worker.cpp), null without: the tiles' plan follows from them.
nlohmann::json predict(const scenario::Case& spec, const nlohmann::json& tile_costs);

/// Writes into `result`'s ranks: `planned_peak_tensor_bytes`, and into each row of their collectives
/// `predicted_bytes_sent` and `predicted_bytes_received` (a row is added for what was predicted and did not
/// move), `group_size`, `algorithm_bandwidth` and `bus_bandwidth`.  `prediction` may be null: where the
/// checkpoint is gone.
void set_beside(nlohmann::json& result, const scenario::Case& spec, const nlohmann::json& prediction);

/// Bytes a second of one rank's row, waiting for the others included.  The size is nccl-tests'
/// (PERFORMANCE.md): all_gather what each rank has in the end, all_to_all what each rank has in the
/// beginning, all_reduce, broadcast and point to point the tensor.  The bus bandwidth is (n-1)/n of it for
/// all_gather and all_to_all, 2(n-1)/n for all_reduce, all of it for broadcast and point to point.
struct Bandwidth {
  double algorithm = 0.0;
  double bus = 0.0;
};
Bandwidth bandwidth_of(const nlohmann::json& collective, int ranks);

/// Over all ranks, one row a group and collective: calls, bytes sent and received, measured and predicted,
/// and the slowest rank's bus bandwidth.
nlohmann::json sum_of_collectives(const nlohmann::json& ranks);

}  // namespace isoframe::harness::run
