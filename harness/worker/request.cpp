#include "harness/worker/request.h"

namespace isoframe::harness::worker {

model::pipeline::Request request_of(const scenario::Case& value) {
  model::pipeline::Request request;
  request.prompt = value.prompt;
  request.negative_prompt = value.negative_prompt;
  request.image = value.image;
  request.height = value.height;
  request.width = value.width;
  request.frames = value.frames;
  request.steps = value.steps;
  request.seed = value.seed;
  request.tiling = {.enabled = value.tiling, .tile_size = value.tile_size, .overlap = value.tile_overlap};
  return request;
}

}  // namespace isoframe::harness::worker
