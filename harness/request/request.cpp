#include "harness/request/request.h"

#include "model/parallel/layout.h"

namespace isoframe::harness::request {

using model::pipeline::Limits;
using model::pipeline::Request;
using model::pipeline::Size;
using model::pipeline::Task;

Task task_of(const scenario::Case& spec) { return model::checkpoint::parse_task(spec.task); }

Request request_of(const scenario::Case& spec) {
  Request request;
  request.prompt = spec.prompt;
  request.negative_prompt = spec.negative_prompt;
  request.image = spec.image;
  request.height = spec.height.value();
  request.width = spec.width.value();
  request.frames = spec.frames;
  request.steps = spec.steps;
  request.seed = spec.seed;
  request.tiling = {.enabled = spec.tiling, .tile_size = spec.tile_size, .overlap = spec.tile_overlap};
  return request;
}

void settle_size(scenario::Case& spec, const Limits& limits, const std::optional<Size>& image) {
  if (spec.height) return;
  const Size proportions = image.value_or(Size{.height = 9, .width = 16});
  const Size size = model::pipeline::nearest_bucket(static_cast<double>(proportions.height),
                                                    static_cast<double>(proportions.width),
                                                    limits.target_size, limits.spatial_compression);
  spec.height = size.height;
  spec.width = size.width;
}

void check_case(const scenario::Case& spec, const Limits& limits) {
  model::parallel::check_layout(spec.layout,
                                {.attention_heads = limits.attention_heads,
                                 .guidance_scale = spec.guidance_scale.value_or(limits.guidance_scale),
                                 .tiling = spec.tiling});
  model::pipeline::check_request(request_of(spec), limits);
}

}  // namespace isoframe::harness::request
