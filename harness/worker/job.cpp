#include "harness/worker/job.h"

#include <fmt/format.h>

#include "base/text.h"
#include "harness/scenario/case_json.h"

namespace isoframe::harness::worker {

nlohmann::json Job::to_json() const {
  return {{"case", scenario::to_json(spec)},
          {"directory", base::text_of(directory)},
          {"store", base::text_of(store)},
          {"working_directory", base::text_of(working_directory)},
          {"observation", observation.to_json()}};
}

Job Job::from_json(const nlohmann::json& json) {
  const auto path = [&json](const char* key) { return base::path_of(json.at(key).get<std::string>()); };
  return {scenario::case_from_json(json.at("case")), path("directory"), path("store"),
          path("working_directory"), Observation::from_json(json.at("observation"))};
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
