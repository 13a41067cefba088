#include "harness/run/measured_result.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "harness/judge/quality.h"
#include "harness/run/prediction.h"
#include "harness/run/result.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using scenario::Case;

namespace {

/// The prediction for the last round, kept so that `report` works without the checkpoint.  None where it was
/// not made in time.
std::optional<Prediction> prediction_of(const Case& spec, const std::vector<RoundRecords>& rounds,
                                        const RunDirectory& directory) {
  const std::size_t last = rounds.size() - 1;
  if (auto kept = directory.prediction(spec, last)) return kept;
  try {
    Prediction prediction = predict(spec, rounds.back()[0].tile_costs);
    directory.keep_prediction(spec, last, prediction);
    return prediction;
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace

records::CaseResult measured_result(const Case& spec, const records::SuiteRecord& suite,
                                    const RunDirectory& directory) {
  const std::vector<RoundRecords> rounds = directory.rounds(spec);
  records::CaseResult result = assemble_result(spec, rounds, directory.error(spec), suite.environment);
  if (!rounds.empty()) set_beside(result, spec, prediction_of(spec, rounds, directory));
  std::vector<records::Quality> repetitions;
  for (int index = 1; auto repetition = directory.repetition(spec, index); ++index)
    repetitions.push_back(*std::move(repetition));
  result.repeats_identically = std::ranges::all_of(repetitions, &records::Quality::identical);
  for (const records::Quality& repetition : repetitions)
    result.repetition_psnr.push_back(repetition.psnr.mean);
  if (spec.baseline.empty() && !repetitions.empty()) result.quality_self = judge::worst_of(repetitions);
  return result;
}

}  // namespace isoframe::harness::run
