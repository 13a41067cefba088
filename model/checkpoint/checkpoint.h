#pragma once
// A checkpoint directory in diffusers' layout: model_index.json and a folder a part.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint/config.h"
#include "model/checkpoint/parameters.h"

namespace isoframe::model::checkpoint {

/// Records what a model asks for. parameter() returns tensors on the meta device.
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

/// The input from which a checkpoint makes videos.
enum class Task { kTextToVideo, kImageToVideo };
/// "text-to-video (t2v)", "image-to-video (i2v)"
std::string to_string(Task task);
/// "t2v" or "i2v"; throws InputError for another name.
Task parse_task(std::string_view name);

/// The directory as a whole.
class Checkpoint {
 public:
  /// Reads model_index.json; throws InputError when the directory or a part that the pipeline needs is
  /// missing, or a part's class is not the one expected.  `variant`: parts that have weights of this variant
  /// ("fp16") are read from these; no part that has any is an error.
  explicit Checkpoint(std::filesystem::path directory, std::string variant = {});

  const std::filesystem::path& directory() const { return directory_; }
  const std::string& variant() const { return variant_; }
  /// "HunyuanVideo15Pipeline" or "HunyuanVideo15ImageToVideoPipeline".
  const std::string& pipeline_class() const { return pipeline_class_; }
  Task task() const;
  std::filesystem::path part(const std::string& name) const { return directory_ / name; }
  Config config(const std::string& part) const;

 private:
  std::filesystem::path directory_;
  std::string variant_;
  std::string pipeline_class_;
};

}  // namespace isoframe::model::checkpoint
