#include "harness/run/grafts.h"

#include <optional>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "harness/locate/inputs.h"
#include "harness/locate/recording_probe.h"
#include "harness/run/observed.h"
#include "harness/worker/observation.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using locate::Divergence;
using locate::Place;
using Places = std::vector<Place>;
using model::checkpoint::SafetensorsFile;
using worker::Observation;

namespace {

/// Differences that are looked for, the first included.
constexpr int kMostDifferences = 2;

void add(Places& places, const Places& more) {
  for (const Place& place : more)
    if (std::ranges::find(places, place) == places.end()) places.push_back(place);
}

double relative_l2(const at::Tensor& reference, const at::Tensor& candidate) {
  const at::Tensor expected = reference.to(at::kDouble);
  return ((candidate.to(at::kDouble) - expected).norm() / expected.norm()).item<double>();
}

class Grafts {
 public:
  Grafts(const GraftedPair& pair, const fs::path& directory, const RoundContext& context)
      : pair_(pair), directory_(directory), context_(context) {
    std::set<Place> shown;
    for (const locate::Recording& rank : pair.recordings)
      for (const locate::RecordedPoint& point : rank) shown.insert(point.place);
    for (const locate::ReferencePoint& point : pair.reference)
      if (shown.contains(point.place)) known_.push_back(point.place);
  }

  /// The difference's own error, once what was repaired before is the baseline's.
  records::OwnError own_error(const Divergence& found, double whole) {
    const locate::Inputs inputs = locate::inputs_of(found.place, known_);
    Places given = repaired_;
    add(given, inputs.places);
    keep(given, found);
    // Whatever came before has the baseline's bits.
    if (repaired_.empty() && pair_.rules.tolerance.relative_l2 == 0.0 &&
        pair_.rules.tolerance.twin == nullptr)
      return locate::own_error_of(whole, whole, inputs.are_all);
    const fs::path candidate = graft(given, found.place);
    const at::Tensor expected = SafetensorsFile(kept_).tensor(locate::to_string(found.place));
    const at::Tensor own = kept_tensor(candidate, found.ranks.front());
    return locate::own_error_of(relative_l2(locate::part_of(expected, found.part), own), whole,
                                inputs.are_all && !has_missed(candidate));
  }

  /// The next difference, with the baseline's tensors in the place of this one's, whose own error is known,
  /// and all before it.
  std::optional<Divergence> behind(const Divergence& found) {
    add(repaired_, locate::both_streams(found.place, known_));
    const fs::path candidate = graft(repaired_, {});
    if (has_missed(candidate))
      throw RunError(fmt::format("{}: the tensor at {} cannot be replaced", pair_.spec.name,
                                 locate::to_string(found.place)));
    std::vector<locate::Recording> recordings;
    for (int rank = 0; rank < pair_.spec.layout.world_size(); ++rank)
      recordings.push_back(
          locate::recording_from_json(base::read_json(worker::recording_file(candidate, rank))));
    return locate::compare(locate::side_of(pair_.reference), locate::side_of(recordings), pair_.rules).first;
  }

 private:
  fs::path next_folder() { return directory_ / fmt::format("graft-{}", runs_++); }

  /// Keeps the baseline's tensors at these places and at that of the difference.
  void keep(Places places, const Divergence& found) {
    add(places, locate::both_streams(found.place, known_));
    const fs::path folder = next_folder();
    look(pair_.baseline, {.kind = Observation::Kind::kKeep, .places = places}, folder, context_);
    kept_ = fs::absolute(worker::kept_file(folder, 0));
  }

  /// Runs the case with the baseline's tensors at `places`; every rank's tensor at `wanted` is kept.
  fs::path graft(const Places& places, const Place& wanted) {
    const fs::path folder = next_folder();
    look(pair_.spec, {.kind = Observation::Kind::kGraft, .place = wanted, .places = places, .grafts = kept_},
         folder, context_);
    return folder;
  }

  bool has_missed(const fs::path& folder) const {
    for (int rank = 0; rank < pair_.spec.layout.world_size(); ++rank)
      if (!worker::read_missed(folder, rank).empty()) return true;
    return false;
  }

  const GraftedPair& pair_;
  fs::path directory_;
  const RoundContext& context_;
  Places known_;     ///< that both show, in order
  Places repaired_;  ///< at which the case is given the baseline's
  fs::path kept_;    ///< what the baseline has kept last
  int runs_ = 0;
};

/// The difference's size as far as it is known.
double size_of(const records::DivergencePlace& place) {
  return place.difference ? place.difference->relative_l2 : place.relative_l2.value_or(0.0);
}

}  // namespace

void graft(const GraftedPair& pair, const Divergence& first, const fs::path& directory,
           const RoundContext& context, records::FirstDivergence& record) {
  if (pair.baseline.layout.world_size() != 1) {
    record.not_grafted = fmt::format("the baseline has {} ranks", pair.baseline.layout.world_size());
    return;
  }
  Grafts grafts(pair, directory, context);
  Divergence found = first;
  records::DivergencePlace* place = &*record.found;
  try {
    for (int differences = 1; found.kind == locate::DivergenceKind::kValues; ++differences) {
      place->own_error = grafts.own_error(found, size_of(*place));
      if (differences == kMostDifferences) break;
      const std::optional<Divergence> next = grafts.behind(found);
      if (!next) break;
      found = *next;
      record.behind.push_back({.sentence = {}, .found = locate::record_of(found)});
      place = &*record.behind.back().found;
    }
  } catch (const RunError& error) {
    if (context.interrupted != nullptr && *context.interrupted) throw;
    record.not_grafted = error.what();
  }
  for (records::DivergenceBehind& one : record.behind) one.sentence = locate::sentence(*one.found);
}

}  // namespace isoframe::harness::run
