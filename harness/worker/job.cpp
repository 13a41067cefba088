#include "harness/worker/job.h"

#include <cerrno>
#include <chrono>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file_lock.h"
#include "base/json_file.h"
#include "base/text.h"
#include "harness/launch/appended_lines.h"
#include "harness/scenario/case_json.h"
#include "model/parallel/network.h"

namespace isoframe::harness::worker {

namespace {

std::string host_of_claims() { return base::text_of_bytes(model::parallel::host_name()); }

/// True if a claim still holds: its process lives, as far as this machine can tell.
bool holds(const nlohmann::json& claim) {
  return claim.value("host", "") != host_of_claims() || base::is_alive(claim.value("pid", 0));
}

}  // namespace

std::string new_launch() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return fmt::format("{:x}-{:x}", std::chrono::nanoseconds(now).count(), ::getpid());
}

void claim_rank(const Job& job, int rank) {
  const std::filesystem::path file = job.directory / fmt::format("claim-{}-{}.json", rank, job.launch);
  const nlohmann::json own = {{"host", host_of_claims()}, {"pid", ::getpid()}};
  // Renaming a new file never replaces another's claim, and never shows half of one.
  const std::filesystem::path draft =
      job.directory / fmt::format("{}.{}.part", file.filename().string(), ::getpid());
  base::write_json(draft, own);
  const bool is_first = ::link(draft.c_str(), file.c_str()) == 0;
  const int error = errno;
  std::filesystem::remove(draft);
  if (is_first || error != EEXIST) return;
  const nlohmann::json other = base::read_json(file);
  // An earlier attempt of the same launch, as torchrun makes, has ended.
  if (!holds(other)) {
    if (!job.requests.empty() && !launch::AppendedLines(job.requests).read().empty())
      throw RunError(
          fmt::format("rank {}: process {} on {} was this rank and has ended; the launcher has started "
                      "it again, but what it had been asked for is lost",
                      rank, other.value("pid", 0), other.value("host", "")));
    return base::write_json(file, own);
  }
  throw InputError(fmt::format(
      "rank {}: two processes say they are this rank, {} on {} and {} on {}; does the launcher give each its "
      "own "
      "RANK, OMPI_COMM_WORLD_RANK, PMI_RANK or SLURM_PROCID?",
      rank, other.value("pid", 0), other.value("host", ""), own.value("pid", 0), own.value("host", "")));
}

nlohmann::json Job::to_json() const {
  return {{"case", scenario::to_json(spec)},
          {"directory", base::text_of(directory)},
          {"working_directory", base::text_of(working_directory)},
          {"observation", observation.to_json()},
          {"noise", base::text_of(noise)},
          {"launch", launch},
          {"requests", base::text_of(requests)},
          {"loads", loads}};
}

Job Job::from_json(const nlohmann::json& json) {
  const auto path = [&json](const char* key) { return base::path_of(json.at(key).get<std::string>()); };
  return {.spec = scenario::case_from_json(json.at("case")),
          .directory = path("directory"),
          .working_directory = path("working_directory"),
          .observation = Observation::from_json(json.at("observation")),
          .noise = path("noise"),
          .launch = json.at("launch").get<std::string>(),
          .requests = path("requests"),
          .loads = json.at("loads").get<bool>()};
}

std::filesystem::path record_file(const std::filesystem::path& directory, int rank) {
  return directory / fmt::format("rank-{}.json", rank);
}

std::filesystem::path answers_file(const std::filesystem::path& directory, int rank) {
  return directory / fmt::format("answers-{}.jsonl", rank);
}

}  // namespace isoframe::harness::worker
