#include "model/pipeline/pipeline.h"

#include "model/pipeline/image_to_video.h"
#include "model/pipeline/text_to_video.h"

namespace isoframe::model::pipeline {

std::unique_ptr<Pipeline> load_pipeline(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
                                        std::optional<double> guidance_scale,
                                        const at::TensorOptions& options) {
  if (checkpoint.task() == Task::kImageToVideo)
    return std::make_unique<ImageToVideo>(checkpoint, std::move(mesh), guidance_scale, options);
  return std::make_unique<TextToVideo>(checkpoint, std::move(mesh), guidance_scale, options);
}

}  // namespace isoframe::model::pipeline
