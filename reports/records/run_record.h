#pragma once
// What is known of a run: run.json with a row a case, and suite.json that it began with.

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

/// A collective over all ranks.
struct CollectiveSum {
  std::string group, collective;
  std::uint64_t calls = 0, bytes_sent = 0, bytes_received = 0;
  std::optional<std::uint64_t> predicted_bytes_sent, predicted_bytes_received;
  std::optional<double> bus_bandwidth;

  static constexpr auto fields() {
    using T = CollectiveSum;
    return std::tuple{
        field("group", &T::group, "", "kind of group"),
        field("collective", &T::collective, "", "all_to_all, all_gather, ..."),
        field("calls", &T::calls, "", "over all ranks"),
        field("bytes_sent", &T::bytes_sent, "bytes", "over all ranks"),
        field("bytes_received", &T::bytes_received, "bytes", "over all ranks"),
        field("predicted_bytes_sent", &T::predicted_bytes_sent, "bytes", "by formula", Presence::kOmitted),
        field("predicted_bytes_received", &T::predicted_bytes_received, "bytes", "by formula",
              Presence::kOmitted),
        field("bus_bandwidth", &T::bus_bandwidth, "bytes/s", "of the slowest rank, waiting included",
              Presence::kOmitted),
    };
  }
};

/// A baseline's second run beside its first.
struct NoiseFloor {
  bool identical = false;
  std::optional<double> ssim, psnr, seconds_ratio;

  static constexpr auto fields() {
    using T = NoiseFloor;
    return std::tuple{
        field("identical", &T::identical, "", "whether every float is equal"),
        field("ssim", &T::ssim, "", "mean", Presence::kNull),
        field("psnr", &T::psnr, "dB", "mean", Presence::kNull),
        field("seconds_ratio", &T::seconds_ratio, "", "second time / first", Presence::kNull),
    };
  }
};

/// A case beside the same case of an earlier run.
struct AgainstRow {
  double seconds_ratio = 0.0;
  std::optional<bool> identical;
  std::optional<double> ssim, psnr;
  Verdict verdict = Verdict::kPassed;
  std::string reason;
  std::vector<std::string> unlike;

  static constexpr auto fields() {
    using T = AgainstRow;
    return std::tuple{
        field("seconds_ratio", &T::seconds_ratio, "", "this run's median time / the earlier's"),
        field("identical", &T::identical, "", "frames equal the earlier's; null where either has none",
              Presence::kNull),
        field("ssim", &T::ssim, "", "against the earlier's frames", Presence::kNull),
        field("psnr", &T::psnr, "dB", "against the earlier's frames", Presence::kNull),
        field("verdict", &T::verdict, "", "of this comparison", Presence::kAdded),
        field("reason", &T::reason, "", "one line; empty for `passed`", Presence::kAdded),
        field("unlike", &T::unlike, "", "what makes the two machines incomparable", Presence::kAdded),
    };
  }
};

/// A row of run.json's `cases`.
struct CaseRow {
  std::string name, task, layout;
  int world_size = 1;
  NumericsClass numerics = NumericsClass::kIdentical;
  std::string baseline;
  Verdict verdict = Verdict::kPassed;
  std::string reason, directory, command;
  std::size_t repetitions = 0;
  std::optional<double> seconds, seconds_min, seconds_max, speedup, efficiency;
  std::optional<double> ssim, psnr;
  std::optional<bool> identical;
  std::optional<std::uint64_t> peak_resident_bytes, peak_proportional_bytes, peak_tensor_bytes,
      proportional_sum_bytes, planned_peak_tensor_bytes;
  std::map<std::string, std::optional<double>> stages;
  std::optional<std::vector<CollectiveSum>> collectives;
  std::map<std::string, TileBalance> tiles;
  std::optional<PublishedRow> published;
  std::optional<FirstDivergence> first_divergence;
  std::optional<NoiseFloor> aa;
  /// Set with `--against`; empty inside where the earlier run lacks the case.
  std::optional<std::optional<AgainstRow>> against;

  static constexpr auto fields() {
    using T = CaseRow;
    return std::tuple{
        field("name", &T::name, "", "as in the scenario"),
        field("task", &T::task, "", "`t2v` or `i2v`", Presence::kAdded),
        field("layout", &T::layout, "", "in canonical spelling", Presence::kAdded),
        field("world_size", &T::world_size, "", "ranks", Presence::kAdded),
        field("numerics", &T::numerics, "", "the layout's class: `identical` or `bounded`", Presence::kAdded),
        field("baseline", &T::baseline, "", "null for a baseline", Presence::kNull),
        field("verdict", &T::verdict, "", "`passed`, `failed`, `untrusted`, `skipped` or `error`"),
        field("reason", &T::reason, "", "one line; empty for `passed`", Presence::kAdded),
        field("directory", &T::directory, "", "its folder in the run's", Presence::kAdded),
        field("command", &T::command, "", "the command line that repeats this case", Presence::kAdded),
        field("repetitions", &T::repetitions, "", "measured", Presence::kAdded),
        field("seconds", &T::seconds, "s", "median total", Presence::kNull),
        field("seconds_min", &T::seconds_min, "s", "smallest total", Presence::kNull),
        field("seconds_max", &T::seconds_max, "s", "largest total", Presence::kNull),
        field("speedup", &T::speedup, "", "baseline's median / own", Presence::kNull),
        field("efficiency", &T::efficiency, "", "speed-up / ranks", Presence::kNull),
        field("ssim", &T::ssim, "", "mean, against the baseline; null for one", Presence::kNull),
        field("psnr", &T::psnr, "dB", "mean, against the baseline; null for one", Presence::kNull),
        field("identical", &T::identical, "", "whether every float equals the baseline's", Presence::kNull),
        field("peak_resident_bytes", &T::peak_resident_bytes, "bytes", "of the largest rank",
              Presence::kNull),
        field("peak_proportional_bytes", &T::peak_proportional_bytes, "bytes", "of the largest rank",
              Presence::kNull),
        field("peak_tensor_bytes", &T::peak_tensor_bytes, "bytes", "of the largest rank", Presence::kNull),
        field("proportional_sum_bytes", &T::proportional_sum_bytes, "bytes",
              "over ranks: shared weights once", Presence::kNull),
        field("planned_peak_tensor_bytes", &T::planned_peak_tensor_bytes, "bytes",
              "of the largest rank, by the plan", Presence::kNull),
        field("stages", &T::stages, "s", "medians of the slowest rank's; null where a stage did not run",
              Presence::kOmitted),
        field("collectives", &T::collectives, "", "over ranks", Presence::kOmitted),
        field("tiles", &T::tiles, "", "`decode`, `encode`: how evenly they are shared", Presence::kOmitted),
        field("published", &T::published, "", "the row that the case names", Presence::kOmitted),
        field("first_divergence", &T::first_divergence, "", "as in result.json", Presence::kOmitted),
        field("aa", &T::aa, "", "of a baseline: its second run beside its first", Presence::kOmitted),
        field("against", &T::against, "", "with `--against`; null where the earlier run lacks the case",
              Presence::kOmitted),
    };
  }
};

/// run.json.
struct RunRecord {
  int schema_version = 1;
  std::string started, finished;
  bool interrupted = false;
  std::vector<std::string> scenarios;
  std::string command;
  Environment environment;
  std::vector<CaseRow> cases;
  std::string against;
  std::optional<std::vector<std::string>> unlike;
  std::map<std::string, int> counts;

  static constexpr auto fields() {
    using T = RunRecord;
    return std::tuple{
        field("schema_version", &T::schema_version, "", "1", Presence::kAdded),
        field("started", &T::started, "", "ISO 8601, UTC", Presence::kAdded),
        field("finished", &T::finished, "", "ISO 8601, UTC", Presence::kNull),
        field("interrupted", &T::interrupted, "", "true after Ctrl-C", Presence::kAdded),
        field("scenarios", &T::scenarios, "", "the files", Presence::kAdded),
        field("command", &T::command, "", "the command line", Presence::kAdded),
        field("environment", &T::environment, "", "see below", Presence::kAdded),
        field("cases", &T::cases, "", "a row a case, in scenario order"),
        field("against", &T::against, "", "the earlier run's directory, with `--against`",
              Presence::kOmitted),
        field("unlike", &T::unlike, "", "what makes the two machines incomparable, with `--against`",
              Presence::kOmitted),
        field("counts", &T::counts, "", "cases by verdict: `{\"passed\": 5, \"failed\": 0, ...}`",
              Presence::kAdded),
    };
  }
};

/// suite.json: how a run was started, with the expanded cases.
struct SuiteRecord {
  int schema_version = 1;
  std::string started, finished;
  bool interrupted = false;
  std::vector<std::string> scenarios;
  std::string command;
  Environment environment;
  std::vector<nlohmann::json> cases;

  static constexpr auto fields() {
    using T = SuiteRecord;
    return std::tuple{
        field("schema_version", &T::schema_version, "", "1", Presence::kAdded),
        field("started", &T::started, "", "ISO 8601, UTC"),
        field("finished", &T::finished, "", "ISO 8601, UTC; null until then", Presence::kNull),
        field("interrupted", &T::interrupted, "", "true after Ctrl-C", Presence::kAdded),
        field("scenarios", &T::scenarios, "", "the files"),
        field("command", &T::command, "", "the command line", Presence::kAdded),
        field("environment", &T::environment, "", "see below"),
        field("cases", &T::cases, "", "the expanded cases (scenarios/README.md)"),
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
