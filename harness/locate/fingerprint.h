#pragma once
// Fingerprints: enough of a tensor to see that two differ, and by how much, without keeping either.

#include <array>
#include <cstddef>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace isoframe::harness::locate {

inline constexpr std::size_t kSketchSize = 16;

/// A tensor in 25 numbers.  Equal bytes in equal order give equal fingerprints, whatever the strides.
struct Fingerprint {
  std::uint64_t hash = 0;  ///< XXH3 of the bytes
  double norm = 0.0;       ///< L2, in double
  /// A count sketch (Charikar, Chen & Farach-Colton 2002): every value is added to one of 16 sums under a
  /// sign drawn from its position.  The distance of two sketches estimates the distance of the tensors.
  std::array<double, kSketchSize> sketch{};
};

/// Reads `tensor` once, in its logical order.  Takes any floating-point dtype.
Fingerprint fingerprint(const at::Tensor& tensor);

/// Estimate of ||candidate - reference|| / ||reference||, 0 for equal hashes.  Its standard error is a sixth
/// for a difference spread over many values, more for one in a few.  Infinite if either holds NaN or
/// infinity.
double estimated_relative_l2(const Fingerprint& reference, const Fingerprint& candidate);

}  // namespace isoframe::harness::locate
