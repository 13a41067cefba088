#include "harness/run/run_directory.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "harness/judge/quality.h"
#include "harness/run/outputs.h"
#include "harness/run/round.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/likeness.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using nlohmann::json;

namespace {

constexpr const char* kSuite = "suite.json";
constexpr const char* kRounds = ".rounds";
constexpr const char* kDone = "done.json";
constexpr const char* kError = "error.json";
constexpr const char* kLocked = "locked.json";

fs::path prediction_file(const fs::path& of_case, std::size_t round) {
  return of_case / kRounds / fmt::format("prediction-{}.json", round);
}

fs::path divergence_file(const fs::path& of_case) { return of_case / kRounds / "first_divergence.json"; }

/// A file's record, by the record's reader; nothing if there is no file.
template <typename Record>
std::optional<Record> read_if_there(const fs::path& file, Record (*from_json)(const json&)) {
  return fs::exists(file) ? std::optional(base::read_record(file, from_json)) : std::nullopt;
}

}  // namespace

RunDirectory RunDirectory::prepare(const fs::path& path, bool resume) {
  if (fs::exists(path) && !fs::is_directory(path))
    throw InputError(fmt::format("{} is not a directory; choose another --out", path.string()));
  if (fs::exists(path) && !fs::is_empty(path)) {
    if (!resume)
      throw InputError(fmt::format("{} is not empty; add --resume to go on with it, or choose another --out",
                                   path.string()));
    if (!fs::exists(path / kSuite))
      throw InputError(fmt::format("{} holds no run to resume: it has no suite.json", path.string()));
  }
  base::make_folder(path);
  return RunDirectory(path);
}

fs::path RunDirectory::frames_of(const std::string& case_name) const {
  return path_ / case_name / "frames.safetensors";
}

bool RunDirectory::has_frames(const scenario::Case& spec) const { return fs::exists(frames_of(spec.name)); }

records::SuiteRecord RunDirectory::suite() const {
  const fs::path file = path_ / kSuite;
  if (!fs::exists(file))
    throw InputError(fmt::format("{} is not a run directory: it has no suite.json", path_.string()));
  return records::suite_record_from_json(base::read_json(file));
}

void RunDirectory::keep(const records::SuiteRecord& suite) const {
  base::write_json(path_ / kSuite, records::to_json(suite));
}

void RunDirectory::keep(const records::RunRecord& run) const {
  base::write_json(path_ / "run.json", records::to_json(run));
}

void RunDirectory::keep(const records::CaseResult& result) const {
  fs::create_directories(path_ / result.name);
  base::write_json(path_ / result.name / "result.json", records::to_json(result));
}

fs::path RunDirectory::round(const scenario::Case& spec, int index) const {
  return of(spec) / kRounds / std::to_string(index);
}

bool RunDirectory::has_round(const scenario::Case& spec, int index) const {
  const fs::path file = round(spec, index) / kDone;
  return fs::exists(file) && has_frames(spec) &&
         scenario::is_measured_as(spec, records::round_record_from_json(base::read_json(file)).spec);
}

void RunDirectory::keep_round(const scenario::Case& spec, int index) const {
  const fs::path from = round(spec, index);
  if (index == 0) {
    keep_outputs(from, of(spec));
  } else {
    base::write_json(from / "repeat.json",
                     records::to_json(judge::compare_frames(frames_of(spec.name), from / "frames.safetensors",
                                                            spec.name)));
    fs::remove(from / "frames.safetensors");
    fs::remove(from / "latents.safetensors");
  }
  base::write_json(from / kDone,
                   records::to_json(records::RoundRecord{scenario::measured_key(spec),
                                                         read_rank_records(from, spec.layout.world_size())}));
}

void RunDirectory::keep_error(const scenario::Case& spec, int index, const records::Failure& error) const {
  base::write_json(round(spec, index) / kError, records::to_json(error));
}

bool RunDirectory::has_error(const scenario::Case& spec, int index) const {
  return fs::exists(round(spec, index) / kError);
}

void RunDirectory::forget(const scenario::Case& spec, int index) const {
  fs::remove_all(round(spec, index));
  if (index > 0) return;
  fs::remove_all(of(spec));
}

std::vector<RoundRecords> RunDirectory::rounds(const scenario::Case& spec) const {
  std::vector<RoundRecords> result;
  for (int index = 0; fs::exists(round(spec, index) / kDone); ++index)
    result.push_back(records::round_record_from_json(base::read_json(round(spec, index) / kDone)).ranks);
  return result;
}

fs::path RunDirectory::events_file(const scenario::Case& spec, int index, int rank) const {
  return round(spec, index) / fmt::format("events-{}.json", rank);
}

bool RunDirectory::has_events(const scenario::Case& spec, int index) const {
  for (int rank = 0; rank < spec.layout.world_size(); ++rank)
    if (!fs::exists(events_file(spec, index, rank))) return false;
  return true;
}

std::vector<records::StageEvents> RunDirectory::events(const scenario::Case& spec, int index) const {
  std::vector<records::StageEvents> result;
  if (!has_events(spec, index)) return result;
  for (int rank = 0; rank < spec.layout.world_size(); ++rank)
    result.push_back(records::stage_events_from_json(base::read_json(events_file(spec, index, rank))));
  return result;
}

std::optional<records::Failure> RunDirectory::error(const scenario::Case& spec) const {
  for (int index = 0; fs::exists(round(spec, index)); ++index)
    if (auto error = read_if_there(round(spec, index) / kError, records::failure_from_json)) return error;
  return read_if_there(locked_folder(spec) / kError, records::failure_from_json);
}

std::optional<records::Quality> RunDirectory::repetition(const scenario::Case& spec, int index) const {
  return read_if_there(round(spec, index) / "repeat.json", records::quality_from_json);
}

std::optional<Prediction> RunDirectory::prediction(const scenario::Case& spec, std::size_t round) const {
  return read_if_there(prediction_file(of(spec), round), records::predicted_ranks_from_json);
}

void RunDirectory::keep_prediction(const scenario::Case& spec, std::size_t round,
                                   const Prediction& prediction) const {
  base::write_json(prediction_file(of(spec), round), records::to_json(prediction));
}

std::optional<records::FirstDivergence> RunDirectory::first_divergence(const scenario::Case& spec) const {
  return read_if_there(divergence_file(of(spec)), records::first_divergence_from_json);
}

void RunDirectory::keep_first_divergence(const scenario::Case& spec,
                                         const records::FirstDivergence& divergence) const {
  base::write_json(divergence_file(of(spec)), records::to_json(divergence));
}

std::optional<records::LockedRecord> RunDirectory::locked(const scenario::Case& spec) const {
  return read_if_there(locked_folder(spec) / kLocked, records::locked_record_from_json);
}

void RunDirectory::keep_locked(const scenario::Case& spec, const records::LockedRecord& record) const {
  base::write_json(locked_folder(spec) / kLocked, records::to_json(record));
}

void RunDirectory::keep_locked_error(const scenario::Case& spec, const records::Failure& error) const {
  fs::create_directories(locked_folder(spec));
  base::write_json(locked_folder(spec) / kError, records::to_json(error));
}

void RunDirectory::forget_locked(const scenario::Case& spec) const {
  for (const char* file : {kLocked, kError}) fs::remove(locked_folder(spec) / file);
}

fs::path RunDirectory::locked_folder(const scenario::Case& spec) const {
  return of(spec) / kRounds / "locked";
}

fs::path RunDirectory::locate_folder(const scenario::Case& spec) const {
  return of(spec) / kRounds / "locate";
}

}  // namespace isoframe::harness::run
