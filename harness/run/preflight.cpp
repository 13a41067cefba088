#include "harness/run/preflight.h"

#include "harness/launch/launcher.h"
#include "harness/request/request.h"
#include "harness/scenario/error.h"
#include "model/checkpoint/checkpoint.h"
#include "model/vision/image_file.h"

namespace isoframe::harness::run {

namespace {

using model::pipeline::Limits;
using model::pipeline::Size;

/// Reads the whole image, as the ranks will, so that a damaged one is refused before they start.
std::optional<Size> image_size(const scenario::Case& value) {
  if (value.image.empty()) return std::nullopt;
  const at::Tensor image = model::vision::load_image(value.image);
  return Size{.height = image.size(0), .width = image.size(1)};
}

void settle(scenario::Case& value) {
  const model::checkpoint::Checkpoint checkpoint(value.checkpoint);
  model::pipeline::check_task(checkpoint, task_of(value));
  const Limits limits = model::pipeline::read_limits(checkpoint);
  settle_size(value, limits, image_size(value));
  check_case(value, limits);
  if (!value.launcher.empty()) launch::check_launcher(value.launcher);
}

}  // namespace

void settle_case(scenario::Case& value) {
  scenario::naming_case(value, [&] { settle(value); });
}

}  // namespace isoframe::harness::run
