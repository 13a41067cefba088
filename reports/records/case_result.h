#pragma once
// The record of a case: result.json and its parts.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/records/divergence.h"
#include "reports/records/field.h"
#include "reports/records/locked.h"
#include "reports/records/metrics.h"
#include "reports/records/names.h"
#include "reports/records/origin.h"
#include "reports/records/rank.h"

namespace isoframe::reports::records {

/// The reason why a round failed.
struct Failure {
  std::optional<int> rank;
  std::string stage, message, last_words;
  bool is_unsupported = false;

  template <typename T = Failure>
  static constexpr auto fields() {
    return std::tuple{
        field("rank", &T::rank, "", "the rank that failed first; null where that is unknown",
              Presence::kNull),
        field("stage", &T::stage, "", "the stage that it was in", Presence::kAdded),
        field("message", &T::message, "", "the reason in one line"),
        field("last_words", &T::last_words, "", "the end of its stderr", Presence::kAdded),
        field("unsupported", &T::is_unsupported, "",
              "true where the engine says that it cannot do this: the case is skipped", Presence::kAdded),
    };
  }
};

/// The layout of another engine beside the same engine on one rank.
struct OwnSingle {
  std::string name;
  double relative_l2 = 0.0, bound = 0.0;
  std::optional<double> psnr, ssim, speedup;
  std::string stands_alone;

  template <typename T = OwnSingle>
  static constexpr auto fields() {
    return std::tuple{
        field("name", &T::name, "", "the engine's case on one rank"),
        any_number(
            field("relative_l2", &T::relative_l2, "", "distance of the float frames from that case's")),
        field("bound", &T::bound, "", "the distance that other orders of addition account for"),
        any_number(field("psnr", &T::psnr, "dB", "mean PSNR against it", Presence::kNull)),
        any_number(field("ssim", &T::ssim, "", "mean SSIM against it", Presence::kNull)),
        field("speedup", &T::speedup, "", "that case's median time / this one's", Presence::kNull),
        field("stands_alone", &T::stands_alone, "",
              "which of the three, this case, the single rank and the baseline, is the odd one out, in a "
              "sentence; empty where all agree",
              Presence::kAdded),
    };
  }
};

/// Something that was to be judged beside an earlier run and could not be.
struct NotJudged {
  Subject what = Subject::kFrames;
  std::string why, remedy;

  bool operator==(const NotJudged&) const = default;

  template <typename T = NotJudged>
  static constexpr auto fields() {
    return std::tuple{
        field("what", &T::what, "", "`frames`, `memory` or `latency`"),
        field("why", &T::why, "", "why it could not be judged"),
        field("remedy", &T::remedy, "", "what would judge it"),
    };
  }
};

struct Latency {
  std::vector<double> total_seconds, load_seconds;
  StageSamples stages;

  template <typename T = Latency>
  static constexpr auto fields() {
    return std::tuple{
        field("total_seconds", &T::total_seconds, "s",
              "from prompt to frames on rank 0, loading excluded: one entry a measured repetition"),
        field("load_seconds", &T::load_seconds, "s", "loading of the slowest rank: one entry a round"),
        field("stages", &T::stages, "s",
              "the slowest rank's time in each stage: one entry a repetition, for `denoise.step` a list of "
              "its steps"),
    };
  }
};

/// A case in full: result.json.
struct CaseResult {
  int schema_version = 1;
  std::string name, task, layout;
  int world_size = 1;
  std::string engine = "isoframe";
  std::map<std::string, std::string> engine_facts;
  std::string baseline;
  nlohmann::json spec;
  std::string command;
  Environment environment;
  Status status = Status::kOk;
  std::optional<Failure> error;
  Latency latency;
  std::vector<RankResult> ranks;
  std::vector<Warning> warnings;
  std::vector<RoundsOfOrigin> origins;
  std::optional<Numerics> numerics;
  std::optional<Quality> quality, quality_self;
  std::optional<bool> repeats_identically;
  std::vector<double> repetition_psnr;
  std::vector<NotJudged> not_judged;
  std::vector<std::string> notes;
  std::optional<LockedRecord> locked;
  std::optional<OwnSingle> own_single;
  std::optional<FirstDivergence> first_divergence;
  std::optional<Verdict> verdict;
  std::optional<std::string> reason;

  /// Tells whether the case was measured: it has a round, and none failed.
  bool is_measured() const { return status == Status::kOk && !ranks.empty(); }
  /// The largest rank's peak; nothing if it was not measured.
  std::optional<std::uint64_t> peak_tensor_bytes() const;

  template <typename T = CaseResult>
  static constexpr auto fields() {
    return std::tuple{
        version(field("schema_version", &T::schema_version, "", "1", Presence::kAdded)),
        field("name", &T::name, "", "name of the case in the scenario"),
        field("task", &T::task, "", "`t2v` or `i2v`"),
        field("layout", &T::layout, "", "the layout in canonical spelling"),
        positive(field("world_size", &T::world_size, "", "number of ranks")),
        field("engine", &T::engine, "", "the program that ran it, by its name in the scenario",
              Presence::kAdded),
        field("engine_facts", &T::engine_facts, "",
              "of another engine than isoframe: its version, command and what else it told of itself",
              Presence::kOmitted),
        field("baseline", &T::baseline, "", "the case that it is compared with; null for a baseline",
              Presence::kNull),
        field("case", &T::spec, "", "the whole expanded case"),
        field("command", &T::command, "", "the command line that repeats this case", Presence::kAdded),
        field("environment", &T::environment, "", "machine and program", Presence::kAdded),
        field("status", &T::status, "", "`ok` or `error`"),
        field("error", &T::error, "", "why a round failed", Presence::kOmitted),
        field("latency", &T::latency, "", "times of the whole case"),
        field("ranks", &T::ranks, "", "one entry a rank"),
        field("warnings", &T::warnings, "", "warnings of its ranks, each once", Presence::kOmitted),
        field("origins", &T::origins, "",
              "what its rounds were measured with; one entry where all were with the same",
              Presence::kOmitted),
        field("numerics", &T::numerics, "", "what the layout promises", Presence::kOmitted),
        field("quality", &T::quality, "", "comparison with the baseline; absent for a baseline",
              Presence::kOmitted),
        field("quality_self", &T::quality_self, "",
              "of a baseline: the worst of its repetitions against its first, metric by metric (A/A)",
              Presence::kOmitted),
        field("repeats_identically", &T::repeats_identically, "",
              "whether every repetition gave the floats of the first; true for a single one",
              Presence::kOmitted),
        any_number(field("repetition_psnr", &T::repetition_psnr, "dB",
                         "of each later repetition against the first", Presence::kOmitted)),
        field("not_judged", &T::not_judged, "", "what was to be judged with `--against` and could not be",
              Presence::kOmitted),
        field("notes", &T::notes, "", "what else the reader of its verdict should know", Presence::kOmitted),
        field("locked", &T::locked, "",
              "comparison part by part and step by step, each from the baseline's latents, of a case that is "
              "judged so",
              Presence::kOmitted),
        field("own_single", &T::own_single, "",
              "of another engine's layout: beside the same engine on one rank, where the run has that",
              Presence::kOmitted),
        field("first_divergence", &T::first_divergence, "",
              "where it first leaves its baseline; absent where frames are equal or it was not looked for",
              Presence::kOmitted),
        field("verdict", &T::verdict, "", "`passed`, `failed`, `untrusted`, `skipped` or `error`",
              Presence::kOmitted),
        field("reason", &T::reason, "", "the verdict's reason in one line; empty for `passed`",
              Presence::kOmitted),
    };
  }
};

nlohmann::json to_json(const Failure& record);
Failure failure_from_json(const nlohmann::json& json);
nlohmann::json to_json(const CaseResult& record);
/// Throws InputError naming the field.
CaseResult case_result_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
