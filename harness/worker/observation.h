#pragma once
// A run that is observed instead of measured, or while it is measured: what `run --locate` and `qualify` ask
// ranks for.

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/locate/locked_results.h"
#include "harness/locate/recording.h"
#include "model/pipeline/pipeline.h"
#include "reports/records/names.h"

namespace isoframe::harness::worker {

struct Observation {
  enum class Kind {
    kNone,
    kRecord,  ///< every rank leaves the fingerprints of its tensors: fingerprints-<rank>.json
    kFollow,  ///< a single rank leaves those of the parts that other ranks held: reference.json
    kKeep,    ///< every rank that comes by `place` or one of `places` leaves its tensor:
              ///< kept-<rank>.safetensors
    kGraft,   ///< as kRecord, and as kKeep for `place`, in a run whose tensors at `places` are those of
              ///< `grafts`
    kBeside,  ///< a measured run in which every rank also leaves fingerprints, as with kRecord
    kLocked,  ///< every rank leaves what a locked run gives from `trajectory`: locked-<rank>.safetensors
    kTwin,    ///< the same, and rank 0 the frames of a generation from its noise alone: twin.safetensors
    kRates,   ///< no generation: every rank leaves rates_of() its machine in rank-<rank>.json
  };
  Kind kind = Kind::kNone;
  std::filesystem::path recordings = {};   ///< kFollow: the folder with the other layout's recordings
  locate::Place place = {};                ///< kKeep, kGraft: kept as "kept"
  locate::Part part = {};                  ///< kKeep: this part of a single rank's tensor; all of it if empty
  std::vector<locate::Place> places = {};  ///< kKeep: kept whole, each under its text; kGraft: replaced
  std::filesystem::path grafts = {};       ///< kGraft: what a single rank kept of `places`
  /// kLocked, kTwin: a baseline's latents.safetensors.  kFollow: the one whose noise it begins with, if any.
  std::filesystem::path trajectory = {};
  std::string timestep_dtype = {};  ///< of a twin: the baseline's dtype, to which timesteps are rounded

  nlohmann::json to_json() const;
  /// Throws InputError for a kind that is not known; what else is missing is empty.
  static Observation from_json(const nlohmann::json& json);
};

/// Runs once, with kTwin twice, and leaves in `directory` what the observation asks for.
void observe(const model::pipeline::Pipeline& model, const model::pipeline::Request& request,
             const Observation& observation, const std::filesystem::path& directory);

void write_recording(const locate::Recording& recording, const std::filesystem::path& directory, int rank);
using locate::recording_file;
using locate::reference_file;
std::filesystem::path kept_file(const std::filesystem::path& directory, int rank);
/// The places, of those that were to be replaced, at which the rank kept what it had computed, because it
/// could not take what was given.
std::vector<locate::Place> read_missed(const std::filesystem::path& directory, int rank);
std::filesystem::path twin_file(const std::filesystem::path& directory);

/// Latents as latents.safetensors keeps them.  Throws InputError for a file without the noise.
model::pipeline::GivenInputs read_trajectory(const std::filesystem::path& latents_file, std::int64_t steps);
/// Results that a rank left with kLocked or kTwin.
locate::LockedResults read_locked_results(const std::filesystem::path& directory, int rank);

}  // namespace isoframe::harness::worker

namespace isoframe::reports::records {

/// Names as harness/engine/README.md has them.
template <>
struct Names<harness::worker::Observation::Kind> {
  using enum harness::worker::Observation::Kind;
  static constexpr NameTable<harness::worker::Observation::Kind, 9> all = {{{kNone, "none"},
                                                                            {kRecord, "record"},
                                                                            {kFollow, "follow"},
                                                                            {kKeep, "keep"},
                                                                            {kGraft, "graft"},
                                                                            {kBeside, "beside"},
                                                                            {kLocked, "locked"},
                                                                            {kTwin, "twin"},
                                                                            {kRates, "rates"}}};
};

}  // namespace isoframe::reports::records
