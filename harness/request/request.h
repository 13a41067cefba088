#pragma once
// Turns a case into the model's request, and checks it against the checkpoint.

#include <optional>

#include "harness/scenario/case.h"
#include "model/pipeline/limits.h"
#include "model/pipeline/request.h"
#include "model/pipeline/size_buckets.h"

namespace isoframe::harness::request {

model::pipeline::Task task_of(const scenario::Case& spec);
model::pipeline::Request request_of(const scenario::Case& spec);

/// Fills in the height and width that a case leaves open, as the reference chooses them at the checkpoint's
/// target size: in the proportions of `image`, 16:9 without one.
void settle_size(scenario::Case& spec, const model::pipeline::Limits& limits,
                 const std::optional<model::pipeline::Size>& image);

/// Throws InputError for a layout that the model's heads do not allow, or a size, frame count or tile that it
/// cannot do.
void check_case(const scenario::Case& spec, const model::pipeline::Limits& limits);

}  // namespace isoframe::harness::request
