#pragma once
// A checkpoint directory in diffusers' layout: model_index.json and a folder a part.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint/config.h"
#include "model/checkpoint/parameters.h"

namespace isoframe::model::checkpoint {

/// The weights of one part's folder: `*.safetensors`, sharded or not, memory-mapped.  Tensors are views of
/// the map (copy-on-write private pages, so ranks of one machine share the memory) unless `options` ask
/// for another type or device: then each is copied there as it is taken.
class WeightFiles : public ParameterSource {
 public:
  /// Maps the files and checks their headers.  Throws InputError naming the file for a truncated or malformed
  /// one.
  explicit WeightFiles(const std::filesystem::path& folder, const at::TensorOptions& options = at::kFloat);
  ~WeightFiles() override;
  at::Tensor parameter(const std::string& name, const Shape& shape) override;
  /// Converts no more than the slice.
  at::Tensor parameter(const std::string& name, const Shape& shape, const Slice& slice) override;
  /// parameter()'s errors without its tensor: nothing is read or converted.
  void check(const std::string& name, const Shape& shape);

  bool has(const std::string& name) const;
  /// Tensors in the files that nobody asked for: tied copies, a language-model head.
  std::vector<std::string> unused() const;
  /// Throws InputError naming file and tensor for the first one in use that holds a NaN or an infinity, be it
  /// in the file or by conversion to a narrower type.  Reads all of them.
  void require_finite() const;
  /// The dtype in the file, before conversion.
  struct Entry {
    std::string name;
    Shape shape;
    at::ScalarType dtype;
    std::uint64_t bytes;
    std::string file;
  };
  std::vector<Entry> entries() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Notes what a model asks for.  parameter() returns tensors on the meta device.
class Declaration : public ParameterSource {
 public:
  struct Item {
    std::string name;
    Shape shape;
  };
  using ParameterSource::parameter;
  at::Tensor parameter(const std::string& name, const Shape& shape) override;
  const std::vector<Item>& items() const { return items_; }

 private:
  std::vector<Item> items_;
};

/// What a checkpoint makes videos from.
enum class Task { kTextToVideo, kImageToVideo };
/// "text-to-video (t2v)", "image-to-video (i2v)"
std::string to_string(Task task);
/// "t2v" or "i2v"; throws InputError for another name.
Task parse_task(std::string_view name);

/// The directory as a whole.
class Checkpoint {
 public:
  /// Reads model_index.json; throws InputError when the directory or a part that the pipeline needs is
  /// missing, or a part's class is not the one expected.
  explicit Checkpoint(std::filesystem::path directory);

  const std::filesystem::path& directory() const { return directory_; }
  /// "HunyuanVideo15Pipeline" or "HunyuanVideo15ImageToVideoPipeline".
  const std::string& pipeline_class() const { return pipeline_class_; }
  Task task() const;
  std::filesystem::path part(const std::string& name) const { return directory_ / name; }
  Config config(const std::string& part) const;

 private:
  std::filesystem::path directory_;
  std::string pipeline_class_;
};

}  // namespace isoframe::model::checkpoint
