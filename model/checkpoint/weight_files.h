#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model/checkpoint/parameters.h"

namespace isoframe::model::checkpoint {

/// The weights of one part's folder: `*.safetensors`, sharded or not, memory-mapped.  Tensors are views of
/// the map (copy-on-write private pages, so ranks of one machine share the memory) unless `options` ask
/// for another type or device: then each is copied there as it is taken.
class WeightFiles : public ParameterSource {
 public:
  /// Maps the files, those of `variant` where there are any (weight_variants.h), and checks their headers.
  /// Throws InputError naming the file for a truncated or malformed one.
  explicit WeightFiles(const std::filesystem::path& folder, const at::TensorOptions& options = at::kFloat,
                       const std::string& variant = {});
  ~WeightFiles() override;
  /// Throws InputError also for a weight that is no plain float, or that a tensor beside it scales: quantized
  /// weights are not what a cast makes of them.
  at::Tensor parameter(const std::string& name, const Shape& shape) override;
  /// Converts no more than the slice.
  at::Tensor parameter(const std::string& name, const Shape& shape, const Slice& slice) override;
  /// parameter()'s errors without its tensor: nothing is read or converted.
  void check(const std::string& name, const Shape& shape);

  bool has(const std::string& name) const;
  /// The first of `prefixes` under which the files hold `tensor`; empty where it has none of them.
  std::string prefix_of(const std::string& tensor, const std::vector<std::string>& prefixes) const;
  /// Tensors in the files that nobody asked for: tied copies, a language-model head.
  std::vector<std::string> unused() const;
  /// Throws InputError naming file and tensor for the first one in use that holds a NaN or an infinity, be it
  /// in the file or by conversion to a narrower type.  Reads all of them.
  void require_finite() const;
  /// The dtype in the file, before conversion.
  struct Entry {
    std::string name;
    Shape shape;
    at::ScalarType dtype;  ///< Undefined for one that only the file knows
    std::string dtype_name;
    std::uint64_t bytes;
    std::string file;
  };
  std::vector<Entry> entries() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isoframe::model::checkpoint
