#include "harness/run/preflight.h"

#include "harness/scenario/error.h"
#include "harness/worker/request.h"
#include "model/checkpoint/checkpoint.h"
#include "model/error.h"
#include "model/pipeline/text_to_video.h"

namespace isoframe::harness::run {

namespace {

void check(const scenario::Case& value) {
  const model::checkpoint::Checkpoint checkpoint(value.checkpoint);
  const model::pipeline::Limits limits = model::pipeline::read_limits(checkpoint);
  model::parallel::check_layout(value.layout,
                                {.attention_heads = limits.attention_heads,
                                 .guidance_scale = value.guidance_scale.value_or(limits.guidance_scale),
                                 .tiling = value.tiling});
  model::pipeline::check_request(worker::request_of(value), limits);
}

}  // namespace

void check_case(const scenario::Case& value) {
  try {
    check(value);
  } catch (const InputError& error) {
    if (value.where.file.empty()) throw;
    throw scenario::ScenarioError(value.where, "case '" + value.name + "': " + error.what());
  }
}

}  // namespace isoframe::harness::run
