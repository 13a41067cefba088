#pragma once
// Samples that are the same with every standard library: its distributions may differ, its engine may not.

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

namespace isoframe::metrics {

class RandomSamples {
 public:
  explicit RandomSamples(std::uint64_t seed) : engine_(seed) {}

  /// A number in (0, 1].
  double uniform() { return (static_cast<double>(engine_() >> 11) + 1.0) * 0x1p-53; }
  /// A normal deviate, by Box and Muller.
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    const double angle = 2.0 * std::numbers::pi * uniform();
    has_spare_ = true;
    spare_ = radius * std::sin(angle);
    return radius * std::cos(angle);
  }
  /// Log-normal times around `seconds`.
  std::vector<double> times(int count, double seconds, double deviation) {
    std::vector<double> result;
    for (int i = 0; i < count; ++i) result.push_back(seconds * std::exp(deviation * normal()));
    return result;
  }

 private:
  std::mt19937_64 engine_;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

}  // namespace isoframe::metrics
