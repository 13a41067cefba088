#include "model/pipeline/pipeline.h"

#include "model/pipeline/image_to_video.h"
#include "model/pipeline/text_to_video.h"

namespace isoframe::model::pipeline {

std::unique_ptr<Pipeline> load_pipeline(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
                                        std::optional<double> guidance_scale, at::ScalarType dtype) {
  if (checkpoint.task() == Task::kImageToVideo)
    return std::make_unique<ImageToVideo>(checkpoint, std::move(mesh), guidance_scale, dtype);
  return std::make_unique<TextToVideo>(checkpoint, std::move(mesh), guidance_scale, dtype);
}

}  // namespace isoframe::model::pipeline
