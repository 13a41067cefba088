#include "harness/run/preflight.h"

#include "harness/launch/launcher.h"
#include "harness/request/request.h"
#include "harness/scenario/naming_case.h"
#include "model/checkpoint/checkpoint.h"
#include "model/pipeline/limits.h"
#include "model/vision/image_file.h"

namespace isoframe::harness::run {

namespace {

using model::pipeline::Limits;
using model::pipeline::Size;

/// Reads the whole image, as the ranks will, so that a damaged one is refused before they start.
std::optional<Size> image_size(const scenario::Case& spec) {
  if (spec.image.empty()) return std::nullopt;
  const at::Tensor image = model::vision::load_image(spec.image);
  return Size{.height = image.size(0), .width = image.size(1)};
}

void settle(scenario::Case& spec) {
  const model::checkpoint::Checkpoint checkpoint(spec.checkpoint, spec.variant);
  model::pipeline::check_task(checkpoint, request::task_of(spec));
  const Limits limits = model::pipeline::read_limits(checkpoint);
  request::settle_size(spec, limits, image_size(spec));
  // Which layouts another engine can do, it says itself.
  if (scenario::is_foreign(spec)) return model::pipeline::check_request(request::request_of(spec), limits);
  request::check_case(spec, limits);
  if (!spec.launcher.empty()) launch::check_launcher(spec.launcher);
}

}  // namespace

void settle_case(scenario::Case& spec) {
  scenario::naming_case(spec, [&] { settle(spec); });
}

}  // namespace isoframe::harness::run
