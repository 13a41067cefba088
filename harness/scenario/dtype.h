#pragma once
// A scenario's `dtype` as LibTorch names it.

#include <string>

#include <c10/core/ScalarType.h>

namespace isoframe::harness::scenario {

/// The type of "float32", "bfloat16" or "float16"; nothing else passes the checks of scenario and command
/// line.
inline c10::ScalarType scalar_type_of(const std::string& dtype) {
  if (dtype == "bfloat16") return c10::ScalarType::BFloat16;
  if (dtype == "float16") return c10::ScalarType::Half;
  return c10::ScalarType::Float;
}

}  // namespace isoframe::harness::scenario
