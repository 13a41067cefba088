#include "model/kernels/half.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include <ATen/ATen.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "base/error.h"
#include "model/kernels/vectorize.h"

namespace isoframe::model::kernels {

namespace {

ISOFRAME_VECTORIZED void widen_bfloat16(const std::uint16_t* __restrict from, float* __restrict to,
                                        std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = c10::detail::f32_from_bits(from[i]);
}

ISOFRAME_VECTORIZED void widen_float16(const std::uint16_t* __restrict from, float* __restrict to,
                                       std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = c10::detail::fp16_ieee_to_fp32_value(from[i]);
}

ISOFRAME_VECTORIZED void narrow_bfloat16(const float* __restrict from, std::uint16_t* __restrict to,
                                         std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = c10::detail::round_to_nearest_even(from[i]);
}

ISOFRAME_VECTORIZED void narrow_float16(const float* __restrict from, std::uint16_t* __restrict to,
                                        std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = c10::detail::fp16_ieee_from_fp32_value(from[i]);
}

ISOFRAME_VECTORIZED void round_to_bfloat16(float* numbers, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    numbers[i] = c10::detail::f32_from_bits(c10::detail::round_to_nearest_even(numbers[i]));
}

ISOFRAME_VECTORIZED void round_to_float16(float* numbers, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    numbers[i] = c10::detail::fp16_ieee_to_fp32_value(c10::detail::fp16_ieee_from_fp32_value(numbers[i]));
}

const std::uint16_t* bits_of(const at::Tensor& tensor) {
  return static_cast<const std::uint16_t*>(tensor.const_data_ptr());
}

bool has_matrix_units(at::ScalarType dtype) {
#if defined(__x86_64__)
  return dtype == at::kBFloat16 && __builtin_cpu_supports("amx-bf16");
#else
  return false;
#endif
}

/// What ISOFRAME_HALF says, or an empty text.
std::string_view chosen() {
  const char* const value = std::getenv("ISOFRAME_HALF");
  const std::string_view choice = value == nullptr ? "" : value;
  if (!choice.empty() && choice != "native" && choice != "float32")
    throw InputError("ISOFRAME_HALF is '" + std::string(choice) + "', neither native nor float32");
  return choice;
}

}  // namespace

bool is_half_on_cpu(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && at::isReducedFloatingType(tensor.scalar_type());
}

at::ScalarType arithmetic_type(at::ScalarType dtype) {
  if (!at::isReducedFloatingType(dtype)) return dtype;
  const std::string_view choice = chosen();
  const bool is_native = choice.empty() ? has_matrix_units(dtype) : choice == "native";
  return is_native ? dtype : at::kFloat;
}

at::ScalarType arithmetic_type(const at::Tensor& tensor) {
  return tensor.is_cpu() ? arithmetic_type(tensor.scalar_type()) : tensor.scalar_type();
}

bool has_rows(const at::Tensor& tensor) {
  return (RowReader::is_wide(tensor) || at::isReducedFloatingType(tensor.scalar_type())) &&
         tensor.device().is_cpu() && tensor.is_contiguous();
}

void widen(const at::Tensor& from, std::int64_t begin, std::int64_t count, float* to) {
  const std::uint16_t* const bits = bits_of(from) + begin;
  if (from.scalar_type() == at::kBFloat16) {
    widen_bfloat16(bits, to, count);
  } else {
    widen_float16(bits, to, count);
  }
}

void narrow(const float* from, const at::Tensor& to, std::int64_t begin, std::int64_t count) {
  std::uint16_t* const bits = static_cast<std::uint16_t*>(to.mutable_data_ptr()) + begin;
  if (to.scalar_type() == at::kBFloat16) {
    narrow_bfloat16(from, bits, count);
  } else {
    narrow_float16(from, bits, count);
  }
}

void round_to(at::ScalarType dtype, float* numbers, std::int64_t count) {
  if (dtype == at::kBFloat16) round_to_bfloat16(numbers, count);
  if (dtype == at::kHalf) round_to_float16(numbers, count);
}

at::Tensor wide_vector(const at::Tensor& vector) { return vector.to(at::kFloat).contiguous(); }

}  // namespace isoframe::model::kernels
