#include "harness/run/locate.h"

#include <optional>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "harness/locate/comparison.h"
#include "harness/locate/divergence.h"
#include "harness/run/grafts.h"
#include "harness/run/locked_runs.h"
#include "harness/run/observed.h"
#include "harness/worker/observation.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;
using worker::Observation;

namespace {

/// The exact difference of the first differing rank's tensor.
records::TensorDifference exact_difference(const locate::Divergence& found, const Case& spec,
                                           const Case& baseline, const fs::path& directory,
                                           const RoundContext& context) {
  const Observation keep = {.kind = Observation::Kind::kKeep, .place = found.place, .part = found.part};
  look(spec, {.kind = Observation::Kind::kKeep, .place = found.place}, directory / "candidate", context);
  look(baseline, keep, directory / "baseline", context);
  return locate::difference_of(found.part, kept_tensor(directory / "baseline", 0),
                               kept_tensor(directory / "candidate", found.ranks.front()));
}

locate::Reference read_reference(const fs::path& directory) {
  return locate::reference_from_json(base::read_json(worker::reference_file(directory)));
}

/// The end of a sentence on two engines: how many points it rests on.
std::string counted(const locate::PointCounts& counts, bool is_same_engine) {
  if (is_same_engine) return {};
  return fmt::format(" ({} probe points compared, {} are the baseline's alone, {} the case's)",
                     counts.compared, counts.only_in_reference, counts.only_in_candidate);
}

records::FirstDivergence locate_in(const Case& spec, const Case& baseline, const LocateTolerance& tolerance,
                                   const fs::path& directory, const RoundContext& context) {
  const fs::path candidate = directory / "candidate", reference = directory / "baseline";
  look(spec, {.kind = Observation::Kind::kRecord}, candidate, context);
  look(baseline, {.kind = Observation::Kind::kFollow, .recordings = candidate}, reference, context);

  std::vector<locate::Recording> recordings;
  for (int rank = 0; rank < spec.layout.world_size(); ++rank)
    recordings.push_back(
        locate::recording_from_json(base::read_json(worker::recording_file(candidate, rank))));
  std::optional<locate::Reference> twin;
  if (!tolerance.latents.empty()) {
    look(in_float32(baseline),
         {.kind = Observation::Kind::kFollow,
          .recordings = candidate,
          .trajectory = fs::absolute(tolerance.latents),
          .timestep_dtype = baseline.dtype},
         directory / "twin", context);
    twin = read_reference(directory / "twin");
  }
  // Another engine shows what it has, and under other stages; what our own ranks leave out is a fault.
  const bool is_same_engine = spec.engine == baseline.engine;
  const locate::Rules rules = {
      .tolerance = {.relative_l2 = tolerance.relative_l2, .twin = twin ? &*twin : nullptr},
      .in_candidate = is_same_engine ? locate::Lacking::kDiverges : locate::Lacking::kSkipped};
  const locate::Reference expected = read_reference(reference);
  const locate::Comparison compared =
      locate::compare(locate::side_of(expected), locate::side_of(recordings), rules);
  const std::optional<locate::Divergence>& found = compared.first;
  if (!is_same_engine && compared.counts.compared == 0)
    throw RunError(fmt::format("{} and {} show no probe point in common", spec.engine, baseline.engine));
  if (!found) {
    const std::string than =
        twin ? fmt::format(" by more than {:g} times what {} does to the baseline", locate::kTwinTolerance,
                           baseline.tf32 ? "TF32" : baseline.dtype)
        : tolerance.relative_l2 > 0.0 ? fmt::format(" by more than {:.1e}", tolerance.relative_l2)
                                      : "";
    return {.sentence = "run again, no probe point differs" + than + counted(compared.counts, is_same_engine),
            .reproduced = false,
            .found = {}};
  }

  records::FirstDivergence result{.sentence = {}, .reproduced = true, .found = locate::record_of(*found)};
  records::DivergencePlace& place = *result.found;
  if (found->kind == locate::DivergenceKind::kValues) {
    try {
      place.difference = exact_difference(*found, spec, baseline, directory, context);
    } catch (const RunError&) {
      if (is_same_engine) throw;
      // Another engine may know no way to keep a tensor: its fingerprints say where it differs all the same.
    }
    graft({spec, baseline, expected, recordings, rules}, *found, directory, context, result);
  }
  result.sentence = locate::sentence(place) + counted(compared.counts, is_same_engine);
  return result;
}

}  // namespace

records::FirstDivergence locate(const Case& spec, const Case& baseline, const LocateTolerance& tolerance,
                                const fs::path& directory, const RoundContext& context) {
  records::FirstDivergence result;
  try {
    result = locate_in(spec, baseline, tolerance, directory, context);
  } catch (const std::exception& error) {
    result.sentence = fmt::format("could not be looked for: {}", error.what());
  }
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  return result;
}

}  // namespace isoframe::harness::run
