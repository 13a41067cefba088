#pragma once
// The safetensors format: eight bytes of header length, a JSON header, the tensors' bytes one after the
// other. Source: https://github.com/huggingface/safetensors, section Format.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "base/files.h"
#include "model/checkpoint/parameters.h"

namespace isoframe::model::checkpoint {

/// The format's name of a dtype: "F32", "BF16"; "unknown" for Undefined.  Throws std::logic_error where it
/// has none.
const char* dtype_name(at::ScalarType dtype);

/// One tensor's entry in a header.
struct TensorSpec {
  std::string name;
  Shape shape;
  at::ScalarType dtype;                ///< Undefined for a dtype that LibTorch does not know, as F4
  std::string unknown_dtype = {};      ///< its name in the file
  std::uint64_t bytes_of_unknown = 0;  ///< as the file says

  std::string dtype_name() const;
  /// Elements times element size.
  std::uint64_t bytes() const;
};

/// A file that is mapped into memory and whose header has been checked: every tensor lies inside the file,
/// its byte range fits its shape and dtype, and the ranges follow each other without gap or overlap.
class SafetensorsFile {
 public:
  /// Throws InputError naming the file, and the tensor where it is one: missing, truncated, malformed.  A
  /// tensor of an unknown dtype is listed, and cannot be read.
  explicit SafetensorsFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  /// Entries in the order of their data.
  const std::vector<TensorSpec>& specs() const { return specs_; }
  bool has(const std::string& name) const { return index_.count(name) != 0; }
  /// Throws InputError when there is no such tensor.
  const TensorSpec& spec(const std::string& name) const;
  /// A view of the map, which lives as long as any of its tensors.  Writing to it changes private pages,
  /// never the file.  A tensor that does not lie at a multiple of its element size is copied.
  at::Tensor tensor(const std::string& name) const;
  /// Bytes of the tensors' data.
  std::uint64_t data_bytes() const { return data_bytes_; }

 private:
  class Map;
  std::size_t find(const std::string& name) const;
  void parse_header();

  std::filesystem::path path_;
  std::shared_ptr<Map> map_;
  std::vector<TensorSpec> specs_;
  std::vector<std::uint64_t> offsets_;  ///< in the file, one a spec
  std::map<std::string, std::size_t> index_;
  std::uint64_t data_bytes_ = 0;
};

/// Writes one tensor after the other, so that a file may be larger than the memory.
class SafetensorsWriter {
 public:
  /// `specs` are what append() will be given, in this order.
  SafetensorsWriter(std::filesystem::path path, std::vector<TensorSpec> specs);

  /// Appends the next tensor; throws std::logic_error if it is not of the declared shape and dtype.
  void append(const at::Tensor& tensor);
  /// Lets the file appear under its name, after the last tensor.
  void commit();

 private:
  std::filesystem::path path_;
  std::vector<TensorSpec> specs_;
  std::size_t next_ = 0;
  base::AtomicFile file_;
};

void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors);

/// Every tensor of a file, as views of its map.
std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path);

}  // namespace isoframe::model::checkpoint
