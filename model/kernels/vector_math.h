#pragma once
// Elementary functions that a loop can be vectorized over.
//
// The C library's are calls, and ATen's take another path in the tail of a loop than in its body, so that an
// element's bits depend on where it lies.  These are plain arithmetic: the same instructions for every lane.

#include <bit>
#include <cstdint>

namespace isoframe::model::kernels {

/// e^x within 2 ulp, subnormal results included; infinite from 88.73 on, NaN for NaN.
inline float exp(float x) {
  constexpr float kLog2E = 1.44269504F;
  // ln 2 in two parts (Cody & Waite 1980): the first has so few bits that its product with n is exact.
  constexpr float kLn2High = 0.693359375F;
  constexpr float kLn2Low = -2.12194440e-4F;
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  constexpr float kRounder = 12582912.0F;

  x = x > 89.0F ? 89.0F : x;  // comparisons that are false for NaN
  x = x < -104.0F ? -104.0F : x;
  const float shifted = x * kLog2E + kRounder;
  const float n = shifted - kRounder;
  const float r = (x - n * kLn2High) - n * kLn2Low;

  // Taylor's series: |r| <= ln 2 / 2 leaves a remainder below a tenth of an ulp.
  float p = 1.0F / 5040.0F;
  p = p * r + 1.0F / 720.0F;
  p = p * r + 1.0F / 120.0F;
  p = p * r + 1.0F / 24.0F;
  p = p * r + 1.0F / 6.0F;
  p = p * r + 0.5F;
  p = p * (r * r) + r + 1.0F;

  // 2^n as two factors, since 2^128 and subnormal powers have no float of their own.
  const std::int32_t exponent = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(kRounder);
  const std::int32_t half = exponent >> 1;
  const auto power = [](std::int32_t e) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(e + 127) << 23U);
  };
  return p * power(half) * power(exponent - half);
}

}  // namespace isoframe::model::kernels
