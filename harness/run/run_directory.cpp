#include "harness/run/run_directory.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "base/temporary_folder.h"
#include "harness/judge/quality.h"
#include "harness/run/engines.h"
#include "harness/run/entries.h"
#include "harness/run/kept_tensors.h"
#include "harness/run/outputs.h"
#include "harness/run/round.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/likeness.h"
#include "reports/records/round_record.h"
#include "reports/records/run_files.h"
#include "reports/records/stages.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using nlohmann::json;

namespace {

constexpr const char* kRounds = ".rounds";
constexpr const char* kDone = "done.json";
constexpr const char* kError = "error.json";
constexpr const char* kRepeat = "repeat.json";
constexpr const char* kLocked = "locked.json";
constexpr const char* kFrames = "frames.safetensors";
constexpr const char* kLatents = "latents.safetensors";
constexpr const char* kVideo = "video.mp4";
constexpr const char* kResult = "result.json";

fs::path prediction_file(const fs::path& of_case, std::size_t round) {
  return of_case / kRounds / fmt::format("prediction-{}.json", round);
}

fs::path divergence_file(const fs::path& of_case) { return of_case / kRounds / "first_divergence.json"; }

/// A record that must be there.  Throws InputError naming the file.
template <typename Record>
Record read_needed(const fs::path& file, Record (*from_json)(const json&)) {
  if (!is_file(file)) throw InputError(fmt::format("{} is missing", file.string()));
  return base::read_record(file, from_json);
}

/// The same; nothing if the file is missing or damaged.
template <typename Record>
std::optional<Record> read_if_whole(const fs::path& file, Record (*from_json)(const json&)) {
  try {
    if (is_file(file)) return base::read_record(file, from_json);
  } catch (const std::exception&) {
    // It is made again.
  }
  return std::nullopt;
}

/// True for an outer stage that every rank of the case goes through.
bool is_run(std::string_view stage, const scenario::Case& spec) {
  return spec.task == "i2v" || (stage != "image" && stage != "encode");
}

/// Throws InputError naming the record's file unless its ranks are the case's and have been timed.
void require_ranks(const records::RoundRecord& record, const fs::path& file, const scenario::Case& spec) {
  const auto ranks = static_cast<std::size_t>(spec.layout.world_size());
  if (record.ranks.size() != ranks)
    throw InputError(fmt::format("{}: holds {} ranks of {}", file.string(), record.ranks.size(), ranks));
  for (std::size_t number = 0; number < ranks; ++number)
    if (record.ranks[number].rank != static_cast<int>(number))
      throw InputError(fmt::format("{}: what should be rank {} calls itself rank {}", file.string(), number,
                                   record.ranks[number].rank));
  if (scenario::is_foreign(spec)) return;  // its stages are its own
  for (const records::RankRecord& rank : record.ranks)
    for (const std::string_view stage : records::kOuterStages)
      if (is_run(stage, spec) && !rank.stages.contains(std::string(stage)))
        throw InputError(fmt::format("{}: 'ranks[{}].stages' has no '{}'", file.string(), rank.rank, stage));
}

/// A round's record.  Throws InputError naming the file.
records::RoundRecord read_done(const fs::path& file) {
  records::RoundRecord record = read_needed(file, records::round_record_from_json);
  if (!record.spec.is_object()) throw InputError(fmt::format("{}: 'case' is not an object", file.string()));
  return record;
}

constexpr const char* kNoOrigin = "an isoframe measured it that did not record its build";

/// True once all rounds of the run have been measured, as far as nothing failed.
bool has_ended(const records::SuiteRecord& suite) { return !suite.finished.empty() && !suite.interrupted; }

/// True for a run of an isoframe that records origins: it also records how to repeat its cases.
bool records_origins(const records::SuiteRecord& suite) { return !suite.again.empty(); }

/// True for a folder that holds nothing, or only what a run leaves that was killed at its very beginning.
bool is_free(const fs::path& folder) {
  std::error_code failed;
  const fs::directory_iterator entries(folder, failed);
  if (failed) throw InputError(fmt::format("{} cannot be read: {}", folder.string(), failed.message()));
  return std::ranges::all_of(entries, [](const fs::directory_entry& entry) {
    return RunLock::is_lock(entry.path()) || base::is_temporary_file(entry.path());
  });
}

/// Throws InputError unless a run may begin in the folder, or go on there.
void check_is_free(const fs::path& path, bool resume) {
  if (is_free(path)) return;
  if (!resume)
    throw InputError(fmt::format("{} is not empty; add --resume to go on with it, or choose another --out",
                                 path.string()));
  if (!is_file(path / records::kSuiteFile))
    throw InputError(fmt::format("{} holds no run to resume: it has no suite.json", path.string()));
}

}  // namespace

int rounds_of(const scenario::Case& spec) {
  return spec.baseline.empty() ? std::max(2, spec.repeat) : spec.repeat;
}

RunDirectory RunDirectory::prepare(const fs::path& path, bool resume) {
  std::error_code unknown;
  if (is_taken(path) && !fs::is_directory(path, unknown))
    throw InputError(fmt::format("{} is not a directory; choose another --out", path.string()));
  base::make_folder(path);
  // A folder of something else is left alone; another run may come first where this one would begin.
  check_is_free(path, resume);
  RunDirectory directory(path);
  directory.lock_ = std::make_shared<const RunLock>(path);
  check_is_free(path, resume);
  base::remove_abandoned_files(path);
  base::sync_folder(fs::absolute(path).lexically_normal().parent_path());
  return directory;
}

RunDirectory RunDirectory::prepare_unique(const fs::path& path) {
  base::make_folder(path.parent_path());
  fs::path free = path;
  for (int number = 2; !fs::create_directory(free); ++number)
    free = path.parent_path() / fmt::format("{}-{}", path.filename().string(), number);
  return prepare(free, /*resume=*/false);
}

void RunDirectory::write_documents_to(const fs::path& folder) {
  const fs::path own = fs::weakly_canonical(path_), other = fs::weakly_canonical(folder);
  if (own == other) return;
  if (std::ranges::mismatch(own, other).in1 == own.end())
    throw InputError(fmt::format(
        "{} lies within the run directory {}, whose own files the documents could replace; choose "
        "another --out, or none to write them into the run directory itself",
        folder.string(), path_.string()));
  if (is_file(folder / records::kSuiteFile))
    throw InputError(fmt::format("{} holds another run; choose another --out", folder.string()));
  base::make_folder(folder);
  documents_ = folder;
}

void RunDirectory::tidy() const {
  base::remove_abandoned_folders();
  if (!is_written_to()) return;
  try {
    const RunLock lock(path_);
    base::remove_abandoned_files(path_);
  } catch (const InputError&) {
    // Another process measures here, or nobody can write.
  }
}

fs::path RunDirectory::frames_of(const std::string& case_name) const { return path_ / case_name / kFrames; }

bool RunDirectory::has_frames(const scenario::Case& spec) const { return is_file(frames_of(spec.name)); }

fs::path RunDirectory::noise_for(const scenario::Case& spec) const {
  if (spec.noise != "shared") return {};
  const fs::path file = fs::absolute(path_ / spec.baseline / kLatents);
  if (!is_file(file))
    throw RunError(
        fmt::format("noise 'shared': its baseline '{}' has left no {}", spec.baseline, file.string()));
  return file;
}

records::SuiteRecord RunDirectory::suite() const {
  const fs::path file = path_ / records::kSuiteFile;
  if (!is_file(file))
    throw InputError(fmt::format("{} is not a run directory: it has no suite.json", path_.string()));
  return read_needed(file, records::suite_record_from_json);
}

bool RunDirectory::has_whole_suite() const {
  try {
    return is_file(path_ / records::kSuiteFile) && base::read_json(path_ / records::kSuiteFile).is_object();
  } catch (const InputError&) {
    return false;
  }
}

void RunDirectory::keep(const records::SuiteRecord& suite) const {
  base::write_json(path_ / records::kSuiteFile, records::to_json(suite));
}

void RunDirectory::keep(const records::RunRecord& run) const {
  base::write_json(documents_ / records::kRunFile, records::to_json(run));
}

void RunDirectory::keep(const records::CaseResult& result) const {
  const fs::path folder = documents_ / result.name;
  if (!is_folder(folder)) base::make_folder(folder);
  base::write_json(folder / kResult, records::to_json(result));
}

fs::path RunDirectory::round(const scenario::Case& spec, int index) const {
  return of(spec) / kRounds / std::to_string(index);
}

/// Entries of the case that are not what they have to be, outer ones first; of a folder that is none, what
/// would lie in it does not count.  `why` is told, unless it is null.
std::vector<fs::path> RunDirectory::odd_entries(const scenario::Case& spec,
                                                std::vector<std::string>* why) const {
  std::vector<fs::path> odd;
  const auto is_whole = [&](const fs::path& path, bool (*is_there)(const fs::path&)) {
    try {
      is_there(path);
      return true;
    } catch (const InputError& error) {
      odd.push_back(path);
      if (why != nullptr) why->emplace_back(error.what());
      return false;
    }
  };
  if (!is_whole(of(spec), is_folder)) return odd;
  for (const char* file : {kFrames, kLatents, kVideo, kResult}) is_whole(of(spec) / file, is_file);
  if (!is_whole(of(spec) / kRounds, is_folder)) return odd;
  for (int index = 0; is_begun(spec, index); ++index) {
    is_whole(prediction_file(of(spec), static_cast<std::size_t>(index)), is_file);
    if (is_whole(round(spec, index), is_folder))
      for (const char* file : {kDone, kError, kRepeat}) is_whole(round(spec, index) / file, is_file);
  }
  if (is_whole(locked_folder(spec), is_folder))
    for (const char* file : {kLocked, kError}) is_whole(locked_folder(spec) / file, is_file);
  is_whole(divergence_file(of(spec)), is_file);
  return odd;
}

std::vector<std::string> RunDirectory::oddities(const scenario::Case& spec) const {
  std::vector<std::string> why;
  odd_entries(spec, &why);
  return why;
}

void RunDirectory::remove_oddities(const scenario::Case& spec) const {
  for (const fs::path& path : odd_entries(spec, nullptr)) remove(path);
}

void RunDirectory::remove(const fs::path& path) const { remove_within(path_, path); }

bool RunDirectory::is_begun(const scenario::Case& spec, int index) const {
  return is_taken(round(spec, index));
}

bool RunDirectory::is_measured(const scenario::Case& spec, int index) const {
  return is_taken(round(spec, index) / kDone);
}

/// Throws InputError naming the file unless the round has all that it needs to be judged.
void RunDirectory::require_whole(const scenario::Case& spec, int index,
                                 const records::RoundRecord& record) const {
  require_ranks(record, round(spec, index) / kDone, spec);
  if (index > 0) return;
  require_frames(frames_of(spec.name), spec);
  // Earlier versions kept no more than the last latents.
  if (record.origin) require_latents(of(spec) / kLatents, frames_of(spec.name), spec);
}

std::vector<std::string> RunDirectory::obstacles(const scenario::Case& spec, int index,
                                                 const records::Origin& origin) const {
  const fs::path file = round(spec, index) / kDone;
  try {
    if (!is_file(file)) return {has_error(spec, index) ? "it failed" : "it was not finished"};
    const records::RoundRecord record = read_done(file);
    // Said without the file's name, so that rounds discarded for one reason are one line.
    std::vector<std::string> found = scenario::measured_otherwise(spec, record.spec);
    if (found.empty()) require_whole(spec, index, record);
    if (index > 0) read_needed(round(spec, index) / kRepeat, records::quality_from_json);
    if (!record.origin) {
      found.emplace_back(kNoOrigin);
    } else {
      std::ranges::move(records::differences(origin, *record.origin), std::back_inserter(found));
    }
    return found;
  } catch (const std::exception& error) {
    return {message_of(error)};
  }
}

void RunDirectory::keep_round(const scenario::Case& spec, int index, const records::Origin& origin) const {
  const fs::path from = round(spec, index);
  records::RoundRecord record{scenario::measured_key(spec), read_rank_records(from, spec.layout.world_size()),
                              origin};
  if (scenario::is_foreign(spec)) complete(record.ranks, spec);
  if (index == 0) {
    keep_outputs(from, of(spec));
  } else {
    base::write_json(from / kRepeat, records::to_json(judge::compare_frames(frames_of(spec.name),
                                                                            from / kFrames, spec.name)));
    for (const char* file : {kFrames, kLatents}) remove(from / file);
  }
  // The names of all that the round leaves are on disk before the file that says that it is whole.
  for (const fs::path& folder : {from, from.parent_path(), of(spec), path_}) base::sync_folder(folder);
  base::write_json(from / kDone, records::to_json(record));
}

void RunDirectory::keep_error(const scenario::Case& spec, int index, const records::Failure& error) const {
  fs::create_directories(round(spec, index));
  remove(round(spec, index) / kDone);
  base::write_json(round(spec, index) / kError, records::to_json(error));
}

bool RunDirectory::has_error(const scenario::Case& spec, int index) const {
  return is_taken(round(spec, index) / kError);
}

void RunDirectory::forget(const scenario::Case& spec, int index) const {
  if (index == 0) return remove(of(spec));
  remove(round(spec, index));
  remove(prediction_file(of(spec), static_cast<std::size_t>(index)));
}

/// Adds a round.  Throws InputError naming a file that is missing or damaged.
void RunDirectory::read_round(const scenario::Case& spec, int index, bool needs_origin,
                              MeasuredRounds& found) const {
  const fs::path file = round(spec, index) / kDone;
  records::RoundRecord record = read_done(file);
  const std::vector<std::string> otherwise = scenario::measured_otherwise(spec, record.spec);
  if (!otherwise.empty())
    throw InputError(fmt::format("{}: of another case: {}", file.string(), fmt::join(otherwise, "; ")));
  if (needs_origin && !record.origin)
    throw InputError(fmt::format("{}: 'origin' is missing or null: {}", file.string(), kNoOrigin));
  require_ranks(record, file, spec);
  found.records.push_back(record.ranks);
  found.origins.push_back(record.origin);
  require_whole(spec, index, record);
  if (index > 0)
    found.repetitions.push_back(read_needed(round(spec, index) / kRepeat, records::quality_from_json));
}

bool RunDirectory::has_later_round(const scenario::Case& spec, int index) const {
  for (int later = index + 1; later < rounds_of(spec); ++later)
    if (is_measured(spec, later)) return true;
  return false;
}

MeasuredRounds RunDirectory::rounds(const scenario::Case& spec, const records::SuiteRecord& suite) const {
  MeasuredRounds found;
  for (int index = 0; index < rounds_of(spec) || is_begun(spec, index); ++index) {
    std::optional<records::Failure> failure;
    try {
      if (has_error(spec, index)) {
        failure = read_needed(round(spec, index) / kError, records::failure_from_json);
      } else if (is_file(round(spec, index) / kDone) || has_later_round(spec, index)) {
        read_round(spec, index, records_origins(suite), found);
      } else if (has_ended(suite) && index < rounds_of(spec) && (index > 0 || is_begun(spec, index))) {
        throw InputError(fmt::format("{} is missing: round {} of {}", (round(spec, index) / kDone).string(),
                                     index + 1, rounds_of(spec)));
      } else {
        break;
      }
    } catch (const std::exception& error) {
      failure.emplace().message = fmt::format("{}; {}", message_of(error), kMeasureAgain);
    }
    if (!failure) continue;
    if (index < rounds_of(spec)) {
      found.error = std::move(failure);
    } else {
      found.notes.push_back(
          fmt::format("measuring it again failed in round {}, so that round and what follows "
                      "it do not count (--resume tries again): {}",
                      index + 1, failure->message));
    }
    break;
  }
  if (!found.error && has_locked_error(spec)) {
    found.error = read_if_whole(locked_folder(spec) / kError, records::failure_from_json);
    if (!found.error)
      found.error.emplace().message =
          fmt::format("{} is damaged; {}", (locked_folder(spec) / kError).string(), kMeasureAgain);
  }
  return found;
}

fs::path RunDirectory::events_file(const scenario::Case& spec, int index, int rank) const {
  return round(spec, index) / fmt::format("events-{}.json", rank);
}

bool RunDirectory::has_events(const scenario::Case& spec, int index) const {
  for (int rank = 0; rank < spec.layout.world_size(); ++rank)
    if (!is_taken(events_file(spec, index, rank))) return false;
  return true;
}

std::vector<records::StageEvents> RunDirectory::events(const scenario::Case& spec, int index) const {
  std::vector<records::StageEvents> result;
  if (!has_events(spec, index)) return result;
  for (int rank = 0; rank < spec.layout.world_size(); ++rank)
    result.push_back(read_needed(events_file(spec, index, rank), records::stage_events_from_json));
  return result;
}

std::optional<Prediction> RunDirectory::prediction(const scenario::Case& spec, std::size_t round) const {
  auto found = read_if_whole(prediction_file(of(spec), round), records::predicted_ranks_from_json);
  const auto ranks = static_cast<std::size_t>(spec.layout.world_size());
  return found && found->size() == ranks ? found : std::nullopt;
}

void RunDirectory::keep_prediction(const scenario::Case& spec, std::size_t round,
                                   const Prediction& prediction) const {
  if (is_written_to()) base::write_json(prediction_file(of(spec), round), records::to_json(prediction));
}

std::optional<records::FirstDivergence> RunDirectory::first_divergence(const scenario::Case& spec) const {
  return read_if_whole(divergence_file(of(spec)), records::first_divergence_from_json);
}

void RunDirectory::keep_first_divergence(const scenario::Case& spec,
                                         const records::FirstDivergence& divergence) const {
  if (is_written_to()) base::write_json(divergence_file(of(spec)), records::to_json(divergence));
}

std::optional<records::LockedRecord> RunDirectory::locked(const scenario::Case& spec) const {
  return read_if_whole(locked_folder(spec) / kLocked, records::locked_record_from_json);
}

void RunDirectory::keep_locked(const scenario::Case& spec, const records::LockedRecord& record) const {
  base::write_json(locked_folder(spec) / kLocked, records::to_json(record));
}

void RunDirectory::keep_locked_error(const scenario::Case& spec, const records::Failure& error) const {
  fs::create_directories(locked_folder(spec));
  base::write_json(locked_folder(spec) / kError, records::to_json(error));
}

bool RunDirectory::has_locked_error(const scenario::Case& spec) const {
  return is_taken(locked_folder(spec) / kError);
}

void RunDirectory::forget_locked(const scenario::Case& spec) const {
  for (const char* file : {kLocked, kError}) remove(locked_folder(spec) / file);
}

fs::path RunDirectory::locked_folder(const scenario::Case& spec) const {
  return of(spec) / kRounds / "locked";
}

fs::path RunDirectory::locate_folder(const scenario::Case& spec) const {
  return of(spec) / kRounds / "locate";
}

}  // namespace isoframe::harness::run
