#include "harness/request/request.h"

#include "model/parallel/layout.h"

namespace isoframe::harness {

using model::pipeline::Limits;
using model::pipeline::Request;
using model::pipeline::Size;
using model::pipeline::Task;

Task task_of(const scenario::Case& value) { return model::checkpoint::parse_task(value.task); }

Request request_of(const scenario::Case& value) {
  Request request;
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

void settle_size(scenario::Case& value, const Limits& limits, const std::optional<Size>& image) {
  if (value.height != 0) return;
  const Size proportions = image.value_or(Size{.height = 9, .width = 16});
  const Size size = model::pipeline::nearest_bucket(static_cast<double>(proportions.height),
                                                    static_cast<double>(proportions.width),
                                                    limits.target_size, limits.spatial_compression);
  value.height = size.height;
  value.width = size.width;
}

void check_case(const scenario::Case& value, const Limits& limits) {
  model::parallel::check_layout(value.layout,
                                {.attention_heads = limits.attention_heads,
                                 .guidance_scale = value.guidance_scale.value_or(limits.guidance_scale),
                                 .tiling = value.tiling});
  model::pipeline::check_request(request_of(value), limits);
}

}  // namespace isoframe::harness
