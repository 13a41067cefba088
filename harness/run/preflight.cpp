#include "harness/run/preflight.h"

#include "harness/launch/launcher.h"
#include "harness/scenario/error.h"
#include "harness/worker/request.h"
#include "model/checkpoint/checkpoint.h"
#include "model/error.h"
#include "model/parallel/layout.h"
#include "model/pipeline/request.h"
#include "model/pipeline/size_buckets.h"
#include "model/vision/image_file.h"

namespace isoframe::harness::run {

namespace {

using model::pipeline::Limits;
using model::pipeline::Task;

/// Reads the image as the ranks will, so that a damaged one is refused before they start.
void settle_size(scenario::Case& value, const Limits& limits) {
  double height = 9, width = 16;
  if (!value.image.empty()) {
    const at::Tensor image = model::vision::load_image(value.image);
    height = static_cast<double>(image.size(0));
    width = static_cast<double>(image.size(1));
  }
  if (value.height != 0) return;
  const model::pipeline::Size size =
      model::pipeline::nearest_bucket(height, width, limits.target_size, limits.spatial_compression);
  value.height = size.height;
  value.width = size.width;
}

void settle(scenario::Case& value) {
  const model::checkpoint::Checkpoint checkpoint(value.checkpoint);
  model::pipeline::check_task(checkpoint, value.task == "i2v" ? Task::kImageToVideo : Task::kTextToVideo);
  const Limits limits = model::pipeline::read_limits(checkpoint);
  settle_size(value, limits);
  model::parallel::check_layout(value.layout,
                                {.attention_heads = limits.attention_heads,
                                 .guidance_scale = value.guidance_scale.value_or(limits.guidance_scale),
                                 .tiling = value.tiling});
  model::pipeline::check_request(worker::request_of(value), limits);
  if (!value.launcher.empty()) launch::check_launcher(value.launcher);
}

}  // namespace

void settle_case(scenario::Case& value) {
  try {
    settle(value);
  } catch (const InputError& error) {
    if (value.where.file.empty()) throw;
    throw scenario::ScenarioError(value.where, "case '" + value.name + "': " + error.what());
  }
}

}  // namespace isoframe::harness::run
