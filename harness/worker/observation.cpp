#include "harness/worker/observation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/json_file.h"
#include "harness/locate/recording_probe.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::worker {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::vector<locate::Recording> read_recordings(const fs::path& directory) {
  std::vector<locate::Recording> recordings;
  for (int rank = 0; fs::exists(recording_file(directory, rank)); ++rank)
    recordings.push_back(locate::recording_from_json(base::read_json(recording_file(directory, rank))));
  return recordings;
}

}  // namespace

void write_recording(const locate::Recording& recording, const fs::path& directory, int rank) {
  base::write_compact_json(recording_file(directory, rank), locate::to_json(recording));
}
fs::path recording_file(const fs::path& directory, int rank) {
  return directory / fmt::format("fingerprints-{}.json", rank);
}
fs::path reference_file(const fs::path& directory) { return directory / "reference.json"; }
fs::path kept_file(const fs::path& directory, int rank) {
  return directory / fmt::format("kept-{}.safetensors", rank);
}

json Observation::to_json() const {
  return {{"kind", static_cast<int>(kind)},
          {"recordings", recordings.string()},
          {"place", locate::to_json(place)},
          {"part", locate::to_json(part)}};
}

Observation Observation::from_json(const json& value) {
  return {static_cast<Kind>(value.at("kind").get<int>()), value.at("recordings").get<std::string>(),
          locate::place_from_json(value.at("place")), locate::part_from_json(value.at("part"))};
}

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
      model.generate(request, probe);
      base::write_compact_json(reference_file(directory), locate::to_json(probe.reference()));
      return;
    }
    case Observation::Kind::kKeep: {
      locate::KeepingProbe probe(observation.place);
      model.generate(request, probe);
      if (!probe.kept().defined()) return;
      at::Tensor kept = probe.kept();
      if (locate::fits(kept.sizes().vec(), observation.part))
        kept = locate::part_of(kept, observation.part).contiguous();
      model::checkpoint::write_safetensors(kept_file(directory, rank), {{"kept", kept}});
      return;
    }
  }
}

}  // namespace isoframe::harness::worker
