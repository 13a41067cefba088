#pragma once
// The record of `isoframe qualify`: certificate.json.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "metrics/statistics.h"
#include "reports/records/case_result.h"
#include "reports/records/field.h"

namespace isoframe::reports::records {

template <>
struct TableOf<metrics::Summary> {
  template <typename T = metrics::Summary>
  static constexpr auto fields() {
    return std::tuple{
        field("count", &T::count, "", "number of repetitions"),
        field("min", &T::min, "", "smallest value"),
        field("median", &T::median, "", "median"),
        field("max", &T::max, "", "largest value"),
    };
  }
};

/// Ranks that computed otherwise than most, in one repetition or in several, one after another.
struct DeviationRow {
  int repetition = 0;
  int repetitions = 1;
  std::vector<int> ranks;
  std::string place;
  std::size_t points = 0;
  double relative_l2 = 0.0;

  template <typename T = DeviationRow>
  static constexpr auto fields() {
    return std::tuple{
        field("repetition", &T::repetition, "", "the first repetition"),
        field("repetitions", &T::repetitions, "", "number of repetitions one after another",
              Presence::kAdded),
        field("ranks", &T::ranks, "", "ranks that computed otherwise than most"),
        field("place", &T::place, "", "the first probe point that differs"),
        field("points", &T::points, "", "number of points that differ"),
        any_number(field("relative_l2", &T::relative_l2, "", "relative L2 of the difference at `place`")),
    };
  }
};

struct RepetitionFailure : Failure {
  int repetition = 0;
  std::string logs;

  template <typename T = RepetitionFailure>
  static constexpr auto fields() {
    return std::tuple_cat(T::Failure::fields(),
                          std::tuple{
                              field("repetition", &T::repetition, "", "the repetition"),
                              field("logs", &T::logs, "", "the folder of its ranks' logs, beside this file",
                                    Presence::kOmitted),
                          });
  }
};

struct CertifiedCase {
  std::string name, layout;
  int ranks = 1;
  std::optional<metrics::Summary> seconds;
  std::vector<DeviationRow> deviations;
  std::vector<RepetitionFailure> errors;
  std::size_t deviating_repetitions = 0, failed_rounds = 0;
  std::vector<Warning> warnings;

  template <typename T = CertifiedCase>
  static constexpr auto fields() {
    return std::tuple{
        field("name", &T::name, "", "name of the case in the scenario"),
        field("layout", &T::layout, "", "the layout in canonical spelling"),
        field("ranks", &T::ranks, "", "number of ranks"),
        field("seconds", &T::seconds, "s",
              "prompt to frames, fingerprints included: of undisturbed repetitions, of all where there are "
              "none",
              Presence::kNull),
        field("deviations", &T::deviations, "",
              "ranks that computed otherwise than most: the first 64 times"),
        field("deviating_repetitions", &T::deviating_repetitions, "",
              "number of repetitions in which ranks did", Presence::kAdded),
        field("errors", &T::errors, "", "rounds that failed: the first 16"),
        field("failed_rounds", &T::failed_rounds, "", "number of all that failed", Presence::kAdded),
        field("warnings", &T::warnings, "", "warnings of its ranks, each once", Presence::kOmitted),
    };
  }
};

struct CertifiedRank {
  int rank = 0;
  std::string host;
  std::optional<metrics::Summary> memory_bytes_per_second, flops_per_second;
  std::size_t corrupt_copies = 0;

  template <typename T = CertifiedRank>
  static constexpr auto fields() {
    return std::tuple{
        field("rank", &T::rank, "", "the rank"),
        field("host", &T::host, "", "name of its machine"),
        field("memory_bytes_per_second", &T::memory_bytes_per_second, "bytes/s",
              "copies of 64 MiB, read and written", Presence::kNull),
        field("flops_per_second", &T::flops_per_second, "FLOP/s",
              "a float32 product of 1024 x 1024, on all ranks at once", Presence::kNull),
        field("corrupt_copies", &T::corrupt_copies, "", "copies with other bytes than their source"),
    };
  }
};

struct CertifiedLink {
  std::vector<int> ranks;
  std::optional<metrics::Summary> bytes_per_second, latency_seconds;
  std::size_t corrupt = 0;

  template <typename T = CertifiedLink>
  static constexpr auto fields() {
    return std::tuple{
        field("ranks", &T::ranks, "", "the two ranks that it joins"),
        field("bytes_per_second", &T::bytes_per_second, "bytes/s", "8 MiB there and back", Presence::kNull),
        field("latency_seconds", &T::latency_seconds, "s", "4 bytes, half a round trip", Presence::kNull),
        field("corrupt", &T::corrupt, "", "messages that arrived with other bytes"),
    };
  }
};

/// Load of a host beside the ranks, over all readings: one a repetition of this machine, one of each host in
/// each trial.
struct CertifiedHost {
  std::string host;
  std::size_t readings = 0, disturbed = 0;
  std::optional<metrics::Summary> others_share, steal_share, throttled_share;
  std::optional<std::uint64_t> thermal_throttles, quota_throttles;

  template <typename T = CertifiedHost>
  static constexpr auto fields() {
    return std::tuple{
        field("host", &T::host, "", "name of the machine"),
        field("readings", &T::readings, "", "number of readings"),
        field("disturbed", &T::disturbed, "", "number of those that say that something else ran"),
        field("others_share", &T::others_share, "",
              "share of the processors' time that other processes took; null where the host does not tell",
              Presence::kNull),
        field("steal_share", &T::steal_share, "", "share that a hypervisor gave to others", Presence::kNull),
        field("throttled_share", &T::throttled_share, "",
              "share for which the control group's quota held threads up", Presence::kNull),
        field("thermal_throttles", &T::thermal_throttles, "", "how often its processors slowed down for heat",
              Presence::kNull),
        field("quota_throttles", &T::quota_throttles, "", "how often the quota was used up", Presence::kNull),
    };
  }
};

struct Certificate {
  int schema_version = 1;
  Fitness verdict = Fitness::kUnfinished;
  std::vector<std::string> reasons;
  int repetitions = 0, undisturbed = 0;
  double seconds = 0.0, duration_seconds = 0.0;
  bool interrupted = false;
  std::string started, finished, command;
  std::vector<std::string> scenarios;
  Environment environment;
  std::size_t fingerprints = 0;
  double drift = 1.0;
  std::vector<CertifiedCase> cases;
  std::vector<CertifiedRank> ranks;
  std::vector<CertifiedLink> links;
  std::vector<CertifiedHost> hosts;

  template <typename T = Certificate>
  static constexpr auto fields() {
    return std::tuple{
        version(field("schema_version", &T::schema_version, "", "1")),
        field("verdict", &T::verdict, "",
              "`fit`; `unfit`; `unfinished`: the time asked for is not over, and no fault was seen; "
              "`disturbed`: no fault was seen, but something else ran beside too many repetitions for rates "
              "to be judged"),
        field("reasons", &T::reasons, "", "why it is not fit"),
        field("repetitions", &T::repetitions, "", "number of whole repetitions"),
        field("undisturbed", &T::undisturbed, "", "number of those beside which nothing else ran",
              Presence::kAdded),
        field("seconds", &T::seconds, "s", "time spent, over all sessions", Presence::kAdded),
        field("duration_seconds", &T::duration_seconds, "s", "time asked for", Presence::kAdded),
        field("interrupted", &T::interrupted, "", "true after Ctrl-C"),
        field("started", &T::started, "", "begin, ISO 8601, UTC", Presence::kAdded),
        field("finished", &T::finished, "", "end, ISO 8601, UTC; absent until the time asked for is over",
              Presence::kOmitted),
        field("command", &T::command, "", "the command line", Presence::kAdded),
        field("scenarios", &T::scenarios, "", "the scenario files", Presence::kAdded),
        field("environment", &T::environment, "", "machine and program", Presence::kAdded),
        field("fingerprints", &T::fingerprints, "", "number of fingerprints compared"),
        field("drift", &T::drift, "",
              "time of the last third of the undisturbed repetitions over the first's, the cases' geometric "
              "mean; 1 for fewer than 9; above 1.10 is unfit"),
        field("cases", &T::cases, "", "one entry a case"),
        field("ranks", &T::ranks, "", "one entry a rank of the largest case"),
        field("links", &T::links, "", "one entry a pair of ranks"),
        field("hosts", &T::hosts, "", "what else each host did", Presence::kAdded),
    };
  }
};

nlohmann::json to_json(const Certificate& record);
Certificate certificate_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
