#pragma once
// A case in the model's words, and what its checkpoint must allow.

#include <optional>

#include "harness/scenario/case.h"
#include "model/pipeline/request.h"
#include "model/pipeline/size_buckets.h"

namespace isoframe::harness::request {

model::pipeline::Task task_of(const scenario::Case& spec);
model::pipeline::Request request_of(const scenario::Case& spec);

/// Fills in height and width where the case leaves them open, as the reference chooses them at the
/// checkpoint's target size: in the proportions of `image`, 16:9 without one.
void settle_size(scenario::Case& spec, const model::pipeline::Limits& limits,
                 const std::optional<model::pipeline::Size>& image);

/// Throws InputError for a layout that the model's heads do not allow, a size, frame count or tile that it
/// cannot do.
void check_case(const scenario::Case& spec, const model::pipeline::Limits& limits);

}  // namespace isoframe::harness::request
