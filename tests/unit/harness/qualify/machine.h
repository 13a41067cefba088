#pragma once
// A sound machine of three ranks, for tests.

#include <vector>

#include "reports/records/host_load.h"
#include "reports/records/rank.h"

namespace isoframe::harness::qualify {

inline constexpr double kRate = 1e10;
inline constexpr int kRanks = 3;

/// The rates of its ranks, beside each of which its processors did the same.
inline std::vector<reports::records::MachineRates> rates_beside(const reports::records::HostLoad& load) {
  std::vector<reports::records::MachineRates> all;
  for (int rank = 0; rank < kRanks; ++rank) {
    reports::records::MachineRates& one = all.emplace_back();
    one.rank = rank;
    one.host = "here";
    one.memory.bytes_per_second = kRate;
    one.compute = {.flops_per_second = kRate, .result = "00ff"};
    for (int peer = 0; peer < kRanks; ++peer)
      if (peer != rank)
        one.links.push_back({.peer = peer, .bytes_per_second = kRate, .latency_seconds = 1e-5});
    one.load = load;
  }
  return all;
}

}  // namespace isoframe::harness::qualify
