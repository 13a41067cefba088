#include "harness/run/judged_by.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "harness/judge/locked.h"
#include "harness/request/request.h"
#include "harness/run/preflight.h"
#include "harness/scenario/describe.h"
#include "harness/worker/numerics.h"
#include "model/checkpoint/checkpoint.h"
#include "model/pipeline/limits.h"

namespace isoframe::harness::run {

using scenario::Case;

namespace {

double own_bound(Case spec) {
  settle_case(spec);
  const model::pipeline::Limits limits =
      model::pipeline::read_limits(model::checkpoint::Checkpoint(spec.checkpoint, spec.variant));
  return worker::numerics_of(spec, request::request_of(spec), limits).relative_l2;
}

/// The bound of both orders of addition; nothing where the checkpoint is not there or refuses the case.
std::optional<double> bound_of(const Case& spec, const Case& baseline) {
  try {
    return std::hypot(own_bound(spec), own_bound(baseline));
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace

std::string judged_by(const Case& spec, const Case* baseline) {
  std::string gates = scenario::gates_text(spec);
  if (!spec.gates.bounded || spec.compare_by == "locked" || baseline == nullptr) return gates;
  const std::optional<double> bound = bound_of(spec, *baseline);
  if (!bound) return gates;
  const std::string claim = "bounded";
  const std::string settled = judge::is_judged_locked(spec, *bound)
                                  ? fmt::format("locked run (a bound of {:.2g} would prove nothing)", *bound)
                                  : fmt::format("bounded (relative L2 <= {:.1e})", *bound);
  return gates.replace(gates.find(claim), claim.size(), settled);
}

}  // namespace isoframe::harness::run
