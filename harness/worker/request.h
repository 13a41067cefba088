#pragma once
// A case in the model's words.

#include "harness/scenario/case.h"
#include "model/pipeline/request.h"

namespace isoframe::harness::worker {

model::pipeline::Request request_of(const scenario::Case& value);

}  // namespace isoframe::harness::worker
