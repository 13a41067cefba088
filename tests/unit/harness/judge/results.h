#pragma once
// Results of cases for the tests of judge, each with what its test is about and nothing else.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "reports/records/case_result.h"

namespace isoframe::harness::judge {

namespace records = reports::records;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A comparison with frames that are equal, or differ from frame 3 on.
inline records::Quality quality(bool identical, double psnr = kInfinity, double ssim = 1.0,
                                double relative_l2 = 0.02) {
  records::Quality result;
  result.identical = identical;
  result.psnr.mean = psnr;
  result.ssim.emplace().mean = ssim;
  metrics::FloatDifference& difference = result.floats.emplace();
  if (identical) return result;
  difference.max_difference = 0.25;
  difference.relative_l2 = relative_l2;
  difference.first_differing_frame = 3;
  return result;
}

inline records::RankResult rank_with(std::uint64_t peak_tensor_bytes) {
  records::RankResult rank;
  rank.peak_tensor_bytes = peak_tensor_bytes;
  return rank;
}

/// One rank's generations, which took this long.
inline records::CaseResult timed(std::vector<double> total_seconds, std::uint64_t peak_tensor_bytes) {
  records::CaseResult result;
  result.latency.total_seconds = std::move(total_seconds);
  result.ranks = {rank_with(peak_tensor_bytes)};
  return result;
}

/// The yardstick's times in as many rounds.
inline records::Yardsticks yardstick(double seconds, std::size_t rounds) {
  const std::vector<double> times(rounds, seconds);
  return {.seconds = times, .busy_seconds = times};
}

/// A case whose first rank said this and ended.
inline records::CaseResult crashed(const std::string& message = "") {
  records::CaseResult result;
  result.status = records::Status::kError;
  result.error.emplace().message = message;
  return result;
}

}  // namespace isoframe::harness::judge
