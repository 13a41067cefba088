#pragma once
// The record of a run: run.json with a row a case, and suite.json that it began with.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/records/case_result.h"
#include "reports/records/field.h"
#include "reports/records/published.h"

namespace isoframe::reports::records {

/// One kind of collective, summed over all ranks.
struct CollectiveSum {
  std::string group, collective;
  std::uint64_t calls = 0, bytes_sent = 0, bytes_received = 0;
  std::optional<std::uint64_t> predicted_bytes_sent, predicted_bytes_received;
  std::optional<double> bus_bandwidth;

  template <typename T = CollectiveSum>
  static constexpr auto fields() {
    return std::tuple{
        field("group", &T::group, "", "kind of group"),
        field("collective", &T::collective, "", "kind of collective: all_to_all, all_gather, ..."),
        field("calls", &T::calls, "", "calls of all ranks"),
        field("bytes_sent", &T::bytes_sent, "bytes", "bytes sent by all ranks"),
        field("bytes_received", &T::bytes_received, "bytes", "bytes received by all ranks"),
        field("predicted_bytes_sent", &T::predicted_bytes_sent, "bytes", "bytes that the formula gives",
              Presence::kOmitted),
        field("predicted_bytes_received", &T::predicted_bytes_received, "bytes",
              "bytes that the formula gives", Presence::kOmitted),
        field("bus_bandwidth", &T::bus_bandwidth, "bytes/s",
              "bus bandwidth of the slowest rank, waiting included", Presence::kOmitted),
    };
  }
};

/// The repetitions of a baseline beside its first.
struct NoiseFloor {
  bool identical = false;
  std::optional<double> ssim, psnr, seconds_ratio;

  template <typename T = NoiseFloor>
  static constexpr auto fields() {
    return std::tuple{
        field("identical", &T::identical, "", "whether every float of every repetition is equal"),
        any_number(field("ssim", &T::ssim, "", "mean SSIM of the worst repetition", Presence::kNull)),
        any_number(field("psnr", &T::psnr, "dB", "mean PSNR of the worst repetition", Presence::kNull)),
        field("seconds_ratio", &T::seconds_ratio, "", "time of the second run / the first", Presence::kNull),
    };
  }
};

/// A case beside the same case of an earlier run.
struct AgainstRow {
  std::optional<double> seconds_ratio;
  std::optional<bool> identical;
  std::optional<double> ssim, psnr;
  Verdict verdict = Verdict::kPassed;
  std::string reason;
  std::vector<std::string> unlike;

  template <typename T = AgainstRow>
  static constexpr auto fields() {
    return std::tuple{
        field("seconds_ratio", &T::seconds_ratio, "", "this run's median time / the earlier's",
              Presence::kNull),
        field("identical", &T::identical, "",
              "whether every float equals the earlier run's; null where either has no frames",
              Presence::kNull),
        any_number(
            field("ssim", &T::ssim, "", "mean SSIM against the earlier run's frames", Presence::kNull)),
        any_number(
            field("psnr", &T::psnr, "dB", "mean PSNR against the earlier run's frames", Presence::kNull)),
        field("verdict", &T::verdict, "", "verdict of this comparison", Presence::kAdded),
        field("reason", &T::reason, "", "the verdict's reason in one line; empty for `passed`",
              Presence::kAdded),
        field("unlike", &T::unlike, "", "what makes the two machines incomparable", Presence::kAdded),
    };
  }
};

/// One case in short: a row of run.json's `cases`.
struct CaseRow {
  std::string name, task, layout;
  int world_size = 1;
  std::string engine = "isoframe";
  std::map<std::string, std::string> engine_facts;
  NumericsClass numerics = NumericsClass::kIdentical;
  std::string baseline;
  Verdict verdict = Verdict::kPassed;
  std::string reason, directory, command;
  std::vector<Warning> warnings;
  std::size_t repetitions = 0;
  std::optional<double> seconds, seconds_min, seconds_max, speedup, efficiency;
  std::optional<double> ssim, psnr, relative_l2;
  std::optional<bool> identical;
  std::optional<std::uint64_t> peak_resident_bytes, peak_proportional_bytes, peak_tensor_bytes,
      proportional_sum_bytes, planned_peak_tensor_bytes;
  std::map<std::string, std::optional<double>> stages;
  std::optional<std::vector<CollectiveSum>> collectives;
  std::map<std::string, TileBalance> tiles;
  std::optional<PublishedRow> published;
  std::optional<LockedRecord> locked;
  std::optional<OwnSingle> own_single;
  std::optional<FirstDivergence> first_divergence;
  std::optional<NoiseFloor> aa;
  std::vector<NotJudged> not_judged;
  std::vector<std::string> notes;
  /// The comparison asked for by `--against`; it holds nothing if the earlier run lacks the case.
  std::optional<std::optional<AgainstRow>> against;

  template <typename T = CaseRow>
  static constexpr auto fields() {
    return std::tuple{
        field("name", &T::name, "", "name of the case in the scenario"),
        field("task", &T::task, "", "`t2v` or `i2v`", Presence::kAdded),
        field("layout", &T::layout, "", "the layout in canonical spelling", Presence::kAdded),
        positive(field("world_size", &T::world_size, "", "number of ranks", Presence::kAdded)),
        field("engine", &T::engine, "", "as in result.json", Presence::kAdded),
        field("engine_facts", &T::engine_facts, "", "as in result.json", Presence::kOmitted),
        field("numerics", &T::numerics, "", "the layout's class: `identical` or `bounded`", Presence::kAdded),
        field("baseline", &T::baseline, "", "the case that it is compared with; null for a baseline",
              Presence::kNull),
        field("verdict", &T::verdict, "", "`passed`, `failed`, `untrusted`, `skipped` or `error`"),
        field("reason", &T::reason, "", "the verdict's reason in one line; empty for `passed`",
              Presence::kAdded),
        field("warnings", &T::warnings, "", "warnings of its ranks, each once", Presence::kOmitted),
        field("directory", &T::directory, "", "the case's folder in the run's", Presence::kAdded),
        field("command", &T::command, "", "the command line that repeats this case", Presence::kAdded),
        field("repetitions", &T::repetitions, "", "number of measured repetitions", Presence::kAdded),
        field("seconds", &T::seconds, "s", "median of the total time", Presence::kNull),
        field("seconds_min", &T::seconds_min, "s", "smallest total time", Presence::kNull),
        field("seconds_max", &T::seconds_max, "s", "largest total time", Presence::kNull),
        field("speedup", &T::speedup, "", "the baseline's median time / this case's", Presence::kNull),
        field("efficiency", &T::efficiency, "", "speed-up / number of ranks", Presence::kNull),
        any_number(field("ssim", &T::ssim, "", "mean SSIM against the baseline; null for a baseline",
                         Presence::kNull)),
        any_number(field("psnr", &T::psnr, "dB", "mean PSNR against the baseline; null for a baseline",
                         Presence::kNull)),
        any_number(field("relative_l2", &T::relative_l2, "",
                         "relative L2 distance of the float frames from the baseline's", Presence::kNull)),
        field("identical", &T::identical, "", "whether every float equals the baseline's", Presence::kNull),
        field("peak_resident_bytes", &T::peak_resident_bytes, "bytes", "the largest rank's resident size",
              Presence::kNull),
        field("peak_proportional_bytes", &T::peak_proportional_bytes, "bytes",
              "the largest rank's proportional size", Presence::kNull),
        field("peak_tensor_bytes", &T::peak_tensor_bytes, "bytes", "the largest rank's tensors",
              Presence::kNull),
        field("proportional_sum_bytes", &T::proportional_sum_bytes, "bytes",
              "sum of the ranks' proportional sizes: shared weights count once", Presence::kNull),
        field("planned_peak_tensor_bytes", &T::planned_peak_tensor_bytes, "bytes",
              "the largest rank's tensors by the plan", Presence::kNull),
        field("stages", &T::stages, "s",
              "median of the slowest rank's time in each stage; null where a stage did not run",
              Presence::kOmitted),
        field("collectives", &T::collectives, "", "sums over all ranks", Presence::kOmitted),
        field("tiles", &T::tiles, "", "how evenly the tiles of `decode` and `encode` are shared",
              Presence::kOmitted),
        field("published", &T::published, "",
              "the published row that the case names, and the case's own sizes", Presence::kOmitted),
        field("locked", &T::locked, "", "as in result.json", Presence::kOmitted),
        field("own_single", &T::own_single, "", "as in result.json", Presence::kOmitted),
        field("first_divergence", &T::first_divergence, "", "as in result.json", Presence::kOmitted),
        field("aa", &T::aa, "", "of a baseline: its repetitions beside its first", Presence::kOmitted),
        field("not_judged", &T::not_judged, "", "as in result.json", Presence::kOmitted),
        field("notes", &T::notes, "", "as in result.json", Presence::kOmitted),
        field("against", &T::against, "", "with `--against`; null where the earlier run lacks the case",
              Presence::kOmitted),
    };
  }
};

/// A run with a row a case: run.json.
struct RunRecord {
  int schema_version = 1;
  std::string started, finished;
  bool interrupted = false;
  std::vector<std::string> scenarios;
  std::string command;
  Environment environment;
  std::vector<CaseRow> cases;
  std::string against;
  std::vector<std::string> against_others;
  std::optional<std::vector<std::string>> unlike;
  std::map<std::string, int> counts;
  std::vector<std::string> notes;
  /// Results that could not be written, with why: of the process that tried, and no part of run.json.
  std::vector<std::string> unwritten;
  /// The document for people that this process wrote: report.html, else report.md, else none.
  std::string document;

  /// Number of cases with this verdict.
  int count(Verdict verdict) const;

  template <typename T = RunRecord>
  static constexpr auto fields() {
    return std::tuple{
        version(field("schema_version", &T::schema_version, "", "1", Presence::kAdded)),
        field("started", &T::started, "", "begin, ISO 8601, UTC", Presence::kAdded),
        field("finished", &T::finished, "", "end, ISO 8601, UTC", Presence::kNull),
        field("interrupted", &T::interrupted, "", "true after Ctrl-C", Presence::kAdded),
        field("scenarios", &T::scenarios, "", "the scenario files", Presence::kAdded),
        field("command", &T::command, "", "the command line", Presence::kAdded),
        field("environment", &T::environment, "", "machine and program", Presence::kAdded),
        field("cases", &T::cases, "", "one row a case, in scenario order"),
        field("against", &T::against, "", "the earlier run's directory, with `--against`",
              Presence::kOmitted),
        field("against_others", &T::against_others, "",
              "directories of further earlier runs, whose times count too", Presence::kOmitted),
        field("unlike", &T::unlike, "", "what makes the two machines incomparable, with `--against`",
              Presence::kOmitted),
        not_negative(field("counts", &T::counts, "",
                           "cases by verdict: `{\"passed\": 5, \"failed\": 0, ...}`", Presence::kAdded)),
        field("notes", &T::notes, "", "what the reader of the whole run should know", Presence::kOmitted),
    };
  }
};

/// The start of a run, with the expanded cases: suite.json.
struct SuiteRecord {
  int schema_version = 1;
  std::string started, finished;
  bool interrupted = false;
  std::vector<std::string> scenarios;
  std::string command;
  std::vector<std::string> again;
  Environment environment;
  std::vector<nlohmann::json> cases;
  std::vector<std::string> unnamed;

  template <typename T = SuiteRecord>
  static constexpr auto fields() {
    return std::tuple{
        version(field("schema_version", &T::schema_version, "", "1", Presence::kAdded)),
        field("started", &T::started, "", "begin, ISO 8601, UTC"),
        field("finished", &T::finished, "", "end, ISO 8601, UTC; null until then", Presence::kNull),
        field("interrupted", &T::interrupted, "", "true after Ctrl-C", Presence::kAdded),
        field("scenarios", &T::scenarios, "", "the scenario files"),
        field("command", &T::command, "", "the command line", Presence::kAdded),
        field("again", &T::again, "",
              "the words of it that decide what is measured, for the commands that repeat single cases",
              Presence::kAdded),
        field("environment", &T::environment, "", "machine and program"),
        field("cases", &T::cases, "", "the expanded cases (scenarios/README.md)"),
        field("unnamed", &T::unnamed, "",
              "cases that the run has folders of and that no scenario file names any more",
              Presence::kOmitted),
    };
  }
};

nlohmann::json to_json(const RunRecord& record);
/// Throws InputError naming the field.
RunRecord run_record_from_json(const nlohmann::json& json);
nlohmann::json to_json(const CaseRow& record);
CaseRow case_row_from_json(const nlohmann::json& json);
nlohmann::json to_json(const SuiteRecord& record);
SuiteRecord suite_record_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
