#pragma once
// A tensor in 25 numbers: enough to see that two tensors differ, and by how much, without keeping either.

#include <array>
#include <cstddef>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace isoframe::harness::locate {

inline constexpr std::size_t kSketchSize = 16;

/// Equal bytes in equal order give equal fingerprints, whatever the strides.
struct Fingerprint {
  std::uint64_t hash = 0;  ///< XXH3 of the bytes
  double norm = 0.0;       ///< L2, in double
  /// A count sketch (Charikar, Chen & Farach-Colton 2002): every value is added to one of 16 sums under a
  /// sign drawn from its position.  The distance of two sketches estimates the distance of the tensors.
  std::array<double, kSketchSize> sketch{};
};

/// Reads `tensor` once, in its logical order.  Any floating-point dtype.
Fingerprint fingerprint(const at::Tensor& tensor);

/// ||candidate - reference|| / ||reference||, 0 for equal hashes.  Its standard error is a sixth for a
/// difference spread over many values, more for one in a few.  Infinite where either holds NaN or infinity.
double estimated_relative_l2(const Fingerprint& reference, const Fingerprint& candidate);

}  // namespace isoframe::harness::locate
