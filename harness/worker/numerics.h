#pragma once
// The accuracy that a case's order of addition may cost against a single device's.

#include "harness/scenario/case.h"
#include "model/pipeline/limits.h"
#include "model/pipeline/request.h"
#include "reports/records/names.h"
#include "reports/records/rank.h"

namespace isoframe::harness::worker {

/// Half the distance of 1 and the next number, in what the case's products are rounded to.
double unit_roundoff_of(const scenario::Case& spec);

/// The class that the case's layout promises, against a single device.
reports::records::NumericsClass numerics_class_of(const scenario::Case& spec);

/// The class with its bound, which grows with the depth of the model and the number of steps.
reports::records::Numerics numerics_of(const scenario::Case& spec, const model::pipeline::Request& request,
                                       const model::pipeline::Limits& limits);

/// The bound where another engine, build or machine may add every sum in an order of its own.
double reordered_l2_of(const scenario::Case& spec, const model::pipeline::Request& request,
                       const model::pipeline::Limits& limits);

}  // namespace isoframe::harness::worker
