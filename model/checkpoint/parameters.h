#pragma once
// Tensors from which layers are built, asked for by the checkpoint's own names, with the shape the layer
// needs.

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace isoframe::model::checkpoint {

using Shape = std::vector<std::int64_t>;

/// The rows (dim 0) or columns (dim 1) of a tensor that one rank needs.
struct Slice {
  std::int64_t dim = 0;
  std::int64_t begin = 0;
  std::int64_t length = 0;
};

/// A source of parameters: a folder of safetensors (WeightFiles), or a declaration that only notes names
/// and shapes (Declaration), by which a synthetic checkpoint learns what to write.
class ParameterSource {
 public:
  virtual ~ParameterSource() = default;
  /// The tensor `name` of exactly `shape`.  Throws InputError naming file and tensor when it is missing or
  /// shaped otherwise.  Layers must not compute with the result before the whole model is built: a
  /// Declaration returns tensors on the meta device.
  virtual at::Tensor parameter(const std::string& name, const Shape& shape) = 0;
  /// A slice of the tensor `name`, which as a whole is of exactly `shape`: a view where the type fits.
  virtual at::Tensor parameter(const std::string& name, const Shape& shape, const Slice& slice) {
    return parameter(name, shape).narrow(slice.dim, slice.begin, slice.length);
  }
};

/// A source seen from inside one module: "transformer_blocks.3.attn" -> its own "to_q.weight".
class Parameters {
 public:
  explicit Parameters(ParameterSource& source, std::string prefix = {})
      : source_(&source), prefix_(std::move(prefix)) {}

  Parameters operator[](const std::string& module) const { return Parameters(*source_, join(module)); }
  Parameters operator[](std::int64_t index) const { return (*this)[std::to_string(index)]; }
  at::Tensor get(const std::string& name, const Shape& shape) const {
    return source_->parameter(join(name), shape);
  }
  at::Tensor get(const std::string& name, const Shape& shape, const Slice& slice) const {
    return source_->parameter(join(name), shape, slice);
  }
  const std::string& prefix() const { return prefix_; }

 private:
  std::string join(const std::string& name) const { return prefix_.empty() ? name : prefix_ + "." + name; }

  ParameterSource* source_;
  std::string prefix_;
};

}  // namespace isoframe::model::checkpoint
