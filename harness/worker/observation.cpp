#include "harness/worker/observation.h"

#include <string>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/text.h"
#include "harness/locate/recording_probe.h"
#include "harness/scenario/dtype.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::worker {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::vector<locate::Recording> read_recordings(const fs::path& directory) {
  std::vector<locate::Recording> recordings;
  for (int rank = 0; fs::exists(recording_file(directory, rank)); ++rank)
    recordings.push_back(
        base::read_record<locate::Recording>(recording_file(directory, rank), locate::recording_from_json));
  return recordings;
}

fs::path locked_file(const fs::path& directory, int rank) {
  return directory / fmt::format("locked-{}.safetensors", rank);
}

void leave_locked_results(const locate::LockedResults& results, const fs::path& directory, int rank) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& [name, tensor] : results) tensors.emplace_back(locate::to_string(name), tensor);
  model::checkpoint::write_safetensors(locked_file(directory, rank), tensors);
}

using Places = std::vector<locate::Place>;

json list_of(const Places& places) {
  json list = json::array();
  for (const locate::Place& place : places) list.push_back(locate::to_json(place));
  return list;
}

Places places_from_json(const json& list) {
  Places places;
  for (const json& place : list) places.push_back(locate::place_from_json(place));
  return places;
}

fs::path missed_file(const fs::path& directory, int rank) {
  return directory / fmt::format("missed-{}.json", rank);
}

void leave_kept(const locate::KeepingProbe& probe, const Observation& observation, const fs::path& directory,
                int rank) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  if (at::Tensor kept = probe.kept(observation.place); kept.defined()) {
    if (locate::fits(kept.sizes().vec(), observation.part))
      kept = locate::part_of(kept, observation.part).contiguous();
    tensors.emplace_back("kept", kept);
  }
  if (observation.kind == Observation::Kind::kKeep) {
    for (const locate::Place& place : observation.places)
      if (const at::Tensor kept = probe.kept(place); kept.defined())
        tensors.emplace_back(locate::to_string(place), kept);
  }
  if (!tensors.empty()) model::checkpoint::write_safetensors(kept_file(directory, rank), tensors);
}

std::map<locate::Place, at::Tensor> read_grafts(const Observation& observation) {
  const model::checkpoint::SafetensorsFile file(observation.grafts);
  std::map<locate::Place, at::Tensor> grafts;
  for (const locate::Place& place : observation.places) {
    const std::string name = locate::to_string(place);
    if (!file.has(name))
      throw InputError(fmt::format("{}: holds no tensor of {}", base::text_of(observation.grafts), name));
    grafts.emplace(place, file.tensor(name));
  }
  return grafts;
}

void leave_twin(const model::pipeline::Pipeline& model, model::pipeline::Request request,
                const fs::path& directory) {
  request.given.steps.clear();
  const at::Tensor frames = model.generate(request, model::no_probe()).frames;
  if (frames.defined()) model::checkpoint::write_safetensors(twin_file(directory), {{"frames", frames}});
}

}  // namespace

void write_recording(const locate::Recording& recording, const fs::path& directory, int rank) {
  base::write_compact_json(recording_file(directory, rank), locate::to_json(recording));
}
fs::path twin_file(const fs::path& directory) { return directory / "twin.safetensors"; }
fs::path kept_file(const fs::path& directory, int rank) {
  return directory / fmt::format("kept-{}.safetensors", rank);
}

json Observation::to_json() const {
  return {{"kind", reports::records::name_of(kind)},
          {"recordings", base::text_of(recordings)},
          {"place", locate::to_json(place)},
          {"part", locate::to_json(part)},
          {"places", list_of(places)},
          {"grafts", base::text_of(grafts)},
          {"trajectory", base::text_of(trajectory)},
          {"timestep_dtype", timestep_dtype}};
}

Observation Observation::from_json(const json& value) {
  const auto kind = reports::records::named_as<Kind>(value.at("kind").get<std::string>());
  if (!kind) throw InputError(fmt::format("an observation of kind {} is not known", value.at("kind").dump()));
  const auto is_given = [&](const char* key) { return value.contains(key) && !value[key].is_null(); };
  return {*kind,
          base::path_of(value.value("recordings", "")),
          is_given("place") ? locate::place_from_json(value["place"]) : locate::Place(),
          is_given("part") ? locate::part_from_json(value["part"]) : locate::Part(),
          is_given("places") ? places_from_json(value["places"]) : Places(),
          base::path_of(value.value("grafts", "")),
          base::path_of(value.value("trajectory", "")),
          value.value("timestep_dtype", "")};
}

model::pipeline::GivenInputs read_trajectory(const fs::path& latents_file, std::int64_t steps) {
  const model::checkpoint::SafetensorsFile file(latents_file);
  if (!file.has("noise"))
    throw InputError(
        fmt::format("{} has no 'noise': an earlier version left it; measure again in a new folder",
                    base::text_of(latents_file)));
  model::pipeline::GivenInputs given{.noise = file.tensor("noise"), .steps = {}};
  for (std::int64_t step = 0; step < steps; ++step)
    given.steps.push_back(file.tensor(fmt::format("step_{}", step)));
  return given;
}

std::vector<locate::Place> read_missed(const fs::path& directory, int rank) {
  return places_from_json(base::read_json(missed_file(directory, rank)));
}

locate::LockedResults read_locked_results(const fs::path& directory, int rank) {
  locate::LockedResults results;
  for (const auto& [name, tensor] : model::checkpoint::read_safetensors(locked_file(directory, rank)))
    results.emplace(locate::locked_name(name), tensor);
  return results;
}

namespace {

/// The request with what the observation gives: latents, and the dtype of timesteps.
model::pipeline::Request with_given_inputs(model::pipeline::Request request, const Observation& observation) {
  if (!observation.trajectory.empty()) request.given = read_trajectory(observation.trajectory, request.steps);
  if (!observation.timestep_dtype.empty())
    request.given.timestep_dtype = scenario::scalar_type_of(observation.timestep_dtype);
  return request;
}

}  // namespace

void observe(const model::pipeline::Pipeline& model, const model::pipeline::Request& request,
             const Observation& observation, const fs::path& directory) {
  const int rank = model.mesh().rank;
  switch (observation.kind) {
    case Observation::Kind::kNone:
    case Observation::Kind::kBeside:
    case Observation::Kind::kRates:
      return;
    case Observation::Kind::kRecord: {
      locate::RecordingProbe probe;
      model.generate(request, probe);
      write_recording(probe.recording(), directory, rank);
      return;
    }
    case Observation::Kind::kFollow: {
      locate::ReferenceProbe probe(locate::regions_of(read_recordings(observation.recordings)));
      model::pipeline::Request followed = with_given_inputs(request, observation);
      followed.given.steps.clear();
      model.generate(followed, probe);
      base::write_compact_json(reference_file(directory), locate::to_json(probe.reference()));
      return;
    }
    case Observation::Kind::kLocked:
    case Observation::Kind::kTwin: {
      locate::LockedProbe probe;
      const model::pipeline::Request locked = with_given_inputs(request, observation);
      model.generate(locked, probe);
      leave_locked_results(probe.results(), directory, rank);
      if (observation.kind == Observation::Kind::kTwin) leave_twin(model, locked, directory);
      return;
    }
    case Observation::Kind::kKeep: {
      Places places = observation.places;
      places.push_back(observation.place);
      locate::KeepingProbe probe(places);
      model.generate(request, probe);
      leave_kept(probe, observation, directory, rank);
      return;
    }
    case Observation::Kind::kGraft: {
      locate::GraftingProbe grafting(read_grafts(observation));
      locate::RecordingProbe recording;
      locate::KeepingProbe keeping({observation.place});
      // The one that writes goes first.
      locate::ProbeChain chain({&grafting, &recording, &keeping});
      model.generate(request, chain);
      write_recording(recording.recording(), directory, rank);
      leave_kept(keeping, observation, directory, rank);
      base::write_json(missed_file(directory, rank),
                       list_of({grafting.missed().begin(), grafting.missed().end()}));
      return;
    }
  }
}

}  // namespace isoframe::harness::worker
