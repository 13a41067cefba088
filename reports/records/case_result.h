#pragma once
// The record of a case: result.json and its parts.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/records/divergence.h"
#include "reports/records/field.h"
#include "reports/records/locked.h"
#include "reports/records/metrics.h"
#include "reports/records/names.h"
#include "reports/records/rank.h"

namespace isoframe::reports::records {

/// The limits of a container.
struct Limits {
  std::optional<double> cores;
  std::optional<std::uint64_t> memory_bytes;

  template <typename T = Limits>
  static constexpr auto fields() {
    return std::tuple{
        field("cores", &T::cores, "", "cores that the container may use", Presence::kOmitted),
        field("memory_bytes", &T::memory_bytes, "bytes", "memory that the container may use",
              Presence::kOmitted),
    };
  }
};

struct ProgramVersion {
  std::string version, commit;

  template <typename T = ProgramVersion>
  static constexpr auto fields() {
    return std::tuple{
        field("version", &T::version, "", "version of isoframe: \"0.1.0\""),
        field("commit", &T::commit, "",
              "commit that the build was configured at; `unknown` outside a checkout"),
    };
  }
};

/// A single value if all cases agree, else a list of theirs.
template <typename Value>
using Common = std::variant<Value, std::vector<Value>>;

struct Environment {
  std::string cpu;
  int cores = 0;
  std::vector<std::string> isa;
  std::uint64_t memory_bytes = 0;
  Limits limits;
  std::string os, kernel;
  std::optional<std::vector<double>> load_average;
  ProgramVersion isoframe;
  std::string libtorch, compiler, build_type;
  std::optional<Common<int>> threads_per_rank;
  std::optional<Common<std::string>> device;
  std::map<std::string, std::string> variables;
  std::vector<std::string> cleared_variables;

  template <typename T = Environment>
  static constexpr auto fields() {
    return std::tuple{
        compared(field("cpu", &T::cpu, "", "model of the processor", Presence::kNull)),
        compared(field("cores", &T::cores, "", "cores that the process may run on", Presence::kAdded)),
        compared(field("isa", &T::isa, "", "widest vector instructions: AVX2, AVX512", Presence::kAdded)),
        compared_roughly(
            field("memory_bytes", &T::memory_bytes, "bytes", "the machine's memory", Presence::kAdded)),
        compared(field("limits", &T::limits, "", "limits of the container", Presence::kAdded)),
        field("os", &T::os, "", "operating system", Presence::kNull),
        field("kernel", &T::kernel, "", "name and release of the kernel", Presence::kNull),
        field("load_average", &T::load_average, "", "load over the last 1, 5 and 15 minutes",
              Presence::kNull),
        field("isoframe", &T::isoframe, "", "the program", Presence::kAdded),
        compared(field("libtorch", &T::libtorch, "", "version of LibTorch", Presence::kAdded)),
        field("compiler", &T::compiler, "", "name and version", Presence::kAdded),
        compared(field("build_type", &T::build_type, "", "Release, Debug, ...", Presence::kAdded)),
        field("threads_per_rank", &T::threads_per_rank, "",
              "threads a rank; in run.json a list where cases differ", Presence::kOmitted),
        field("device", &T::device, "", "`cpu` or `cuda`; in run.json a list where cases differ",
              Presence::kOmitted),
        compared(field("variables", &T::variables, "",
                       "environment variables that change bits or speed of ranks, as ranks have them",
                       Presence::kAdded)),
        field("cleared_variables", &T::cleared_variables, "",
              "set variables that ranks are started without: they would break the identity of layouts",
              Presence::kOmitted),
    };
  }
};

/// The reason why a round failed.
struct Failure {
  std::optional<int> rank;
  std::string stage, message, last_words;

  template <typename T = Failure>
  static constexpr auto fields() {
    return std::tuple{
        field("rank", &T::rank, "", "the rank that failed first; null where that is unknown",
              Presence::kNull),
        field("stage", &T::stage, "", "the stage that it was in", Presence::kAdded),
        field("message", &T::message, "", "the reason in one line"),
        field("last_words", &T::last_words, "", "the end of its stderr", Presence::kAdded),
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
  std::string baseline;
  nlohmann::json spec;
  std::string command;
  Environment environment;
  Status status = Status::kOk;
  std::optional<Failure> error;
  Latency latency;
  std::vector<RankResult> ranks;
  std::vector<Warning> warnings;
  std::optional<Numerics> numerics;
  std::optional<Quality> quality, quality_self;
  std::optional<bool> repeats_identically;
  std::vector<double> repetition_psnr;
  std::vector<NotJudged> not_judged;
  std::vector<std::string> notes;
  std::optional<LockedRecord> locked;
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
        field("schema_version", &T::schema_version, "", "1", Presence::kAdded),
        field("name", &T::name, "", "name of the case in the scenario"),
        field("task", &T::task, "", "`t2v` or `i2v`"),
        field("layout", &T::layout, "", "the layout in canonical spelling"),
        field("world_size", &T::world_size, "", "number of ranks"),
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

nlohmann::json to_json(const Environment& record);
Environment environment_from_json(const nlohmann::json& json);
/// A compared fact that is not alike in two environments or devices; values as JSON text.
struct DifferingFact {
  std::string name, now, earlier;
};
std::vector<DifferingFact> differing_facts(const Environment& now, const Environment& earlier);
std::vector<DifferingFact> differing_facts(const Device& now, const Device& earlier);
nlohmann::json to_json(const Failure& record);
Failure failure_from_json(const nlohmann::json& json);
nlohmann::json to_json(const CaseResult& record);
/// Throws InputError naming the field.
CaseResult case_result_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
