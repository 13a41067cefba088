#pragma once
// Half types on the CPU: in which type they are multiplied, and their rows as float32.

#include <algorithm>
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// True for bfloat16 and float16 on the CPU.
bool is_half_on_cpu(const at::Tensor& tensor);

/// The type in which the CPU multiplies numbers of `dtype`: itself where the processor has matrix units for
/// it (AMX), float32 for other half types.  GFLOP/s of oneDNN's own products and convolutions in half types,
/// one thread, on a processor with AVX-512 BF16 and FP16 but without AMX (Xeon, model 207):
///
///            product  conv3d
///   float32      158     163
///   bfloat16      83      87
///   float16      154      88
///
/// ISOFRAME_HALF=native or float32 in the environment chooses for the whole process.
at::ScalarType arithmetic_type(at::ScalarType dtype);
/// The type in which this tensor is multiplied where it lies; its own on other devices than the CPU.
at::ScalarType arithmetic_type(const at::Tensor& tensor);

/// True for tensors whose rows can be read and written here: contiguous on the CPU, float32 or a half type.
bool has_rows(const at::Tensor& tensor);

/// Copies the `count` numbers from `begin` on of a half type's tensor into float32.
void widen(const at::Tensor& from, std::int64_t begin, std::int64_t count, float* to);
/// Stores float32 numbers in such a tensor, rounded to nearest, ties to even.
void narrow(const float* from, const at::Tensor& to, std::int64_t begin, std::int64_t count);

/// Rounds float32 numbers to those that a half type has; does nothing for float32.
void round_to(at::ScalarType dtype, float* numbers, std::int64_t count);

/// A vector as contiguous float32.
at::Tensor wide_vector(const at::Tensor& vector);

/// Reads rows of a tensor: its own where they are float32, else widened into a buffer that the next read
/// fills again.  One for each thread.
class RowReader {
 public:
  explicit RowReader(const at::Tensor& tensor)
      : tensor_(tensor), wide_(is_wide(tensor) ? tensor.const_data_ptr<float>() : nullptr) {}

  const float* read(std::int64_t begin, std::int64_t count) {
    if (wide_ != nullptr) return wide_ + begin;
    buffer_.resize(static_cast<std::size_t>(count));
    widen(tensor_, begin, count, buffer_.data());
    return buffer_.data();
  }

  static bool is_wide(const at::Tensor& tensor) { return tensor.scalar_type() == at::kFloat; }

 private:
  const at::Tensor& tensor_;
  const float* wide_;
  std::vector<float> buffer_;
};

/// Writes rows of a tensor: in place where they are float32, else through a buffer.  One for each thread.
class RowWriter {
 public:
  explicit RowWriter(const at::Tensor& tensor)
      : tensor_(tensor), wide_(RowReader::is_wide(tensor) ? tensor.mutable_data_ptr<float>() : nullptr) {}

  /// Returns where to put `count` numbers; store() with the same two puts them into the tensor.
  float* place(std::int64_t begin, std::int64_t count) {
    if (wide_ != nullptr) return wide_ + begin;
    buffer_.resize(static_cast<std::size_t>(count));
    return buffer_.data();
  }
  void store(std::int64_t begin, std::int64_t count) {
    if (wide_ == nullptr) narrow(buffer_.data(), tensor_, begin, count);
  }

 private:
  const at::Tensor& tensor_;
  float* wide_;
  std::vector<float> buffer_;
};

/// How many rows go through a buffer at a time, so that it stays in the first-level cache.
constexpr std::int64_t rows_at_a_time(std::int64_t row_size) {
  constexpr std::int64_t kNumbers = 2048;
  return std::max<std::int64_t>(1, kNumbers / std::max<std::int64_t>(1, row_size));
}

/// Calls body(from, to, row, rows) for the rows [begin, end) of two tensors with rows.
template <typename Body>
void each_rows(const at::Tensor& from, const at::Tensor& to, std::int64_t row_size, std::int64_t begin,
               std::int64_t end, const Body& body) {
  RowReader reader(from);
  RowWriter writer(to);
  const bool is_wide = RowReader::is_wide(from) && RowReader::is_wide(to);
  const std::int64_t step = is_wide ? end - begin : rows_at_a_time(row_size);
  for (std::int64_t row = begin; row < end; row += step) {
    const std::int64_t rows = std::min(step, end - row);
    const float* const in = reader.read(row * row_size, rows * row_size);
    body(in, writer.place(row * row_size, rows * row_size), row, rows);
    writer.store(row * row_size, rows * row_size);
  }
}

/// Calls body(data, row, rows) for the rows [begin, end) of a tensor with rows, in place.
template <typename Body>
void each_rows_in_place(const at::Tensor& tensor, std::int64_t row_size, std::int64_t begin, std::int64_t end,
                        const Body& body) {
  if (RowReader::is_wide(tensor)) {
    body(tensor.mutable_data_ptr<float>() + begin * row_size, begin, end - begin);
    return;
  }
  std::vector<float> buffer(static_cast<std::size_t>(rows_at_a_time(row_size) * row_size));
  for (std::int64_t row = begin; row < end; row += rows_at_a_time(row_size)) {
    const std::int64_t rows = std::min(rows_at_a_time(row_size), end - row);
    widen(tensor, row * row_size, rows * row_size, buffer.data());
    body(buffer.data(), row, rows);
    narrow(buffer.data(), tensor, row * row_size, rows * row_size);
  }
}

}  // namespace isoframe::model::kernels
