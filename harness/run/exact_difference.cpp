#include "harness/run/exact_difference.h"

#include <exception>
#include <string>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "harness/run/observed.h"
#include "harness/run/preflight.h"
#include "harness/scenario/case_json.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using locate::Divergence;
using locate::Trace;
using worker::Observation;

namespace {

/// The tensor of a trace at the place of a divergence, computed anew.  Throws InputError or RunError where it
/// cannot be, or is another than the one that the trace has.
at::Tensor computed_again(const Trace& trace, const Divergence& found, std::uint64_t hash,
                          const fs::path& directory, const RoundContext& context) {
  if (trace.record.engine.name != locate::kOwnEngine)
    throw InputError(fmt::format("{} is of engine {}", trace.folder.string(), trace.record.engine.name));
  scenario::Case spec = scenario::case_from_json(trace.record.spec);
  settle_case(spec);
  const bool is_single = trace.record.ranks == 1;
  look(spec,
       {.kind = Observation::Kind::kKeep,
        .place = found.place,
        .part = is_single ? found.part : locate::Part()},
       directory, context);
  const at::Tensor tensor = kept_tensor(directory, is_single ? 0 : found.ranks.front());
  if (locate::fingerprint(tensor).hash != hash)
    throw InputError(
        fmt::format("computed here and now, the tensor of {} is another; the exact difference needs the "
                    "checkpoint, build and machine of its trace",
                    trace.folder.string()));
  return tensor;
}

}  // namespace

void add_exact_difference(compare::ComparedTraces& traces, const std::atomic<bool>* interrupted) {
  if (!traces.first || traces.first->kind != locate::DivergenceKind::kValues) return;
  const Divergence& found = *traces.first;
  const std::uint64_t named = found.part.print.hash, other = found.like.hash;
  const RoundContext context{this_program(), {}, interrupted};
  const base::TemporaryFolder folder;
  try {
    const at::Tensor a =
        computed_again(traces.a, found, found.is_of_reference ? named : other, folder.path() / "a", context);
    const at::Tensor b =
        computed_again(traces.b, found, found.is_of_reference ? other : named, folder.path() / "b", context);
    traces.record.first_divergence->difference = locate::difference_of(found.part, a, b);
    traces.record.sentence = locate::sentence(*traces.record.first_divergence);
  } catch (const std::exception& error) {
    if (interrupted != nullptr && *interrupted) throw;
    traces.record.notes.push_back(fmt::format("the exact difference is not known: {}", error.what()));
  }
}

}  // namespace isoframe::harness::run
