#include "harness/worker/job.h"

#include <fmt/format.h>

#include "harness/scenario/case_json.h"

namespace isoframe::harness::worker {

nlohmann::json Job::to_json() const {
  return {{"case", scenario::to_json(spec)},
          {"directory", directory.string()},
          {"store", store.string()},
          {"working_directory", working_directory.string()},
          {"observation", observation.to_json()}};
}

Job Job::from_json(const nlohmann::json& json) {
  return {scenario::case_from_json(json.at("case")), json.at("directory").get<std::string>(),
          json.at("store").get<std::string>(), json.at("working_directory").get<std::string>(),
          Observation::from_json(json.at("observation"))};
}

std::filesystem::path record_file(const std::filesystem::path& directory, int rank) {
  return directory / fmt::format("rank-{}.json", rank);
}

std::filesystem::path progress_file(const std::filesystem::path& directory, int rank) {
  return directory / fmt::format("progress-{}.jsonl", rank);
}

std::filesystem::path failure_file(const std::filesystem::path& directory, int rank) {
  return directory / fmt::format("failure-{}.json", rank);
}

}  // namespace isoframe::harness::worker
