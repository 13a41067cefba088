#pragma once
// A synthetic checkpoint's text-to-video model on one rank, loaded, and the short tiled video that it is
// asked for.

#include <cstdint>
#include <string>

#include "base/temporary_folder.h"
#include "model/pipeline/text_to_video.h"
#include "model/synthetic/presets.h"
#include "model/synthetic/synthetic.h"

namespace isoframe {

class SyntheticModel {
 public:
  struct Video {
    std::int64_t height = 112;
    std::int64_t width = 176;
    std::int64_t frames = 5;
  };

  SyntheticModel(const std::string& preset, const Video& video)
      : model_(model::checkpoint::Checkpoint(initialized(folder_.path() / "checkpoint", preset)),
               model::parallel::single_mesh(), std::nullopt) {
    request_.prompt = "A lighthouse, and a sign that says \"KEEP LEFT\"";
    request_.height = video.height;
    request_.width = video.width;
    request_.frames = video.frames;
    request_.steps = 4;
    request_.tiling = {.enabled = true, .tile_size = 64, .overlap = 0.25};
    generate(model::no_probe());  // the first one meets pages and caches that are cold
  }

  void generate(model::Probe& probe) const { model_.generate(request_, probe); }

 private:
  static std::filesystem::path initialized(const std::filesystem::path& directory,
                                           const std::string& preset) {
    model::synthetic::initialize_checkpoint(model::synthetic::preset(preset), preset, 0, directory);
    return directory;
  }

  base::TemporaryFolder folder_;
  model::pipeline::TextToVideo model_;
  model::pipeline::Request request_;
};

}  // namespace isoframe
