#include "harness/run/measured_result.h"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "harness/judge/quality.h"
#include "harness/run/entries.h"
#include "harness/run/prediction.h"
#include "harness/run/result.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using scenario::Case;

namespace {

/// Keeps a prediction for later reports; one that cannot be written is computed again.
void keep(const Prediction& prediction, const Case& spec, std::size_t round, const RunDirectory& directory) {
  try {
    directory.keep_prediction(spec, round, prediction);
  } catch (const RunError&) {
    return;
  }
}

/// The prediction for the last round, kept so that `report` works without the checkpoint.  None where it was
/// not made in time.
std::optional<Prediction> prediction_of(const Case& spec, const std::vector<RoundRecords>& rounds,
                                        const RunDirectory& directory) {
  const std::size_t last = rounds.size() - 1;
  if (auto kept = directory.prediction(spec, last)) return kept;
  try {
    Prediction prediction = predict(spec, rounds.back()[0].tile_costs);
    keep(prediction, spec, last, directory);
    return prediction;
  } catch (const InputError&) {
    return std::nullopt;
  }
}

/// Rounds by what they were measured with, in their order; nothing of those that do not say.
std::vector<records::RoundsOfOrigin> origins_of(const MeasuredRounds& rounds) {
  std::vector<records::RoundsOfOrigin> groups;
  for (std::size_t round = 0; round < rounds.origins.size(); ++round) {
    const std::optional<records::Origin>& origin = rounds.origins[round];
    if (!origin) continue;
    const auto same = std::ranges::find_if(groups, [&](const records::RoundsOfOrigin& group) {
      return records::differences(*origin, group.origin).empty();
    });
    records::RoundsOfOrigin& group =
        same == groups.end() ? groups.emplace_back(records::RoundsOfOrigin{{}, *origin}) : *same;
    group.rounds.push_back(static_cast<int>(round));
  }
  return groups;
}

/// An engine's facts that say something to people: fingerprints of its files do not.
std::map<std::string, std::string> told_facts(std::map<std::string, std::string> facts) {
  std::erase_if(facts, [](const auto& fact) { return fact.first.starts_with("file "); });
  return facts;
}

records::CaseResult read_result(const Case& spec, const records::SuiteRecord& suite,
                                const RunDirectory& directory) {
  MeasuredRounds rounds = directory.rounds(spec, suite);
  const bool has_origin = !rounds.origins.empty() && rounds.origins.back();
  records::CaseResult result =
      assemble_result(spec, rounds.records, rounds.error,
                      has_origin ? rounds.origins.back()->environment : suite.environment);
  result.origins = origins_of(rounds);
  if (!result.origins.empty()) result.engine_facts = told_facts(result.origins.back().origin.engine);
  result.notes = std::move(rounds.notes);
  try {
    if (!rounds.records.empty() && !scenario::is_foreign(spec))
      set_beside(result, spec, prediction_of(spec, rounds.records, directory));
  } catch (const std::exception& error) {
    result.notes.push_back(fmt::format("nothing is predicted for it: {}", error.what()));
  }
  result.repeats_identically = std::ranges::all_of(rounds.repetitions, &records::Quality::identical);
  for (const records::Quality& repetition : rounds.repetitions)
    result.repetition_psnr.push_back(repetition.psnr.mean);
  if (spec.baseline.empty() && !rounds.repetitions.empty())
    result.quality_self = judge::worst_of(rounds.repetitions);
  return result;
}

}  // namespace

records::CaseResult measured_result(const Case& spec, const records::SuiteRecord& suite,
                                    const RunDirectory& directory) {
  try {
    return read_result(spec, suite, directory);
  } catch (const std::exception& error) {
    records::Failure failure;
    failure.message = fmt::format("{}; {}", message_of(error), kMeasureAgain);
    return assemble_result(spec, {}, failure, suite.environment);
  }
}

}  // namespace isoframe::harness::run
