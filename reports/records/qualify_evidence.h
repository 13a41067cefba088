#pragma once
// The record from which `isoframe qualify --resume` goes on: evidence.json.  Its size does not grow with the
// number of repetitions.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/records/case_result.h"
#include "reports/records/certificate_record.h"
#include "reports/records/field.h"
#include "reports/records/origin.h"

namespace isoframe::reports::records {

/// The values of something over repetitions, of which every stride-th is kept.
struct Series {
  std::size_t count = 0;
  double min = 0.0, max = 0.0;
  std::size_t stride = 1;
  std::vector<double> samples;

  template <typename T = Series>
  static constexpr auto fields() {
    return std::tuple{
        field("count", &T::count, "", "number of values"),
        field("min", &T::min, "", "smallest of all"),
        field("max", &T::max, "", "largest of all"),
        field("stride", &T::stride, "", "distance of the kept values"),
        field("samples", &T::samples, "", "the kept values, at most 128"),
    };
  }
};

/// A series of undisturbed values; while there are none, of disturbed ones.
struct JudgedSeries : Series {
  bool disturbed = false;

  template <typename T = JudgedSeries>
  static constexpr auto fields() {
    return std::tuple_cat(T::Series::fields(),
                          std::tuple{field("disturbed", &T::disturbed, "",
                                           "true while no repetition was undisturbed: of the others")});
  }
};

/// A rank of a case that saw the same result in repetitions one after another.
struct VoteRun {
  std::size_t case_index = 0;
  int rank = 0;
  std::uint32_t order = 0;
  int first = 0, last = 0;

  /// Makes the codec write a list of the fields' values: there are thousands of them.
  static constexpr bool kIsList = true;
  template <typename T = VoteRun>
  static constexpr auto fields() {
    return std::tuple{
        field("case", &T::case_index, "", "index of the case in the ballot's `cases`"),
        field("rank", &T::rank, "", "the rank"),
        field("order", &T::order, "", "the place's number in the rank's own order"),
        field("first", &T::first, "", "the first repetition"),
        field("last", &T::last, "", "the last repetition"),
    };
  }
};

/// The fingerprint of a tensor, and who saw it.
struct VotedResult {
  std::string hash;
  double norm = 0.0;
  std::vector<double> sketch;
  std::size_t votes = 0;
  std::vector<VoteRun> voters;

  static constexpr bool kIsList = true;
  template <typename T = VotedResult>
  static constexpr auto fields() {
    return std::tuple{
        field("hash", &T::hash, "", "hash of the tensor's bytes"),
        any_number(field("norm", &T::norm, "", "its L2 norm")),
        any_number(field("sketch", &T::sketch, "", "its count sketch")),
        field("votes", &T::votes, "", "number of votes"),
        field("voters", &T::voters, "", "who cast them, the first 64 runs of repetitions"),
    };
  }
};

/// A region of a tensor at a probe point, with all results that were seen there.
struct UrnRecord {
  std::string stages, name;
  std::int64_t index = -1;
  int occurrence = 0;
  std::vector<std::array<std::int64_t, 2>> region;
  std::vector<VotedResult> results;
  std::size_t scattered_results = 0, scattered_votes = 0;

  static constexpr bool kIsList = true;
  template <typename T = UrnRecord>
  static constexpr auto fields() {
    return std::tuple{
        field("stages", &T::stages, "", "stages around the probe point"),
        field("name", &T::name, "", "the probe point"),
        field("index", &T::index, "", "its index; -1 where it has none"),
        field("occurrence", &T::occurrence, "", "counts the same point within the same stages"),
        field("region", &T::region, "", "begin and length in each dimension"),
        field("results", &T::results, "", "the results, at most 16"),
        field("scattered_results", &T::scattered_results, "", "number of rare results beyond those"),
        field("scattered_votes", &T::scattered_votes, "", "their votes"),
    };
  }
};

/// The votes of cases that promise the same bits.
struct BallotRecord {
  std::vector<std::string> cases;
  std::size_t votes = 0;
  std::vector<UrnRecord> urns;

  template <typename T = BallotRecord>
  static constexpr auto fields() {
    return std::tuple{
        field("cases", &T::cases, "", "names of the cases"),
        field("votes", &T::votes, "", "number of all votes"),
        field("urns", &T::urns, "", "votes at each place"),
    };
  }
};

struct CaseEvidence {
  std::string name, layout, pool;
  int ranks = 1;
  nlohmann::json spec;
  Origin origin;
  JudgedSeries seconds;
  std::vector<RepetitionFailure> errors;
  std::size_t failed_rounds = 0;
  std::vector<Warning> warnings;

  template <typename T = CaseEvidence>
  static constexpr auto fields() {
    return std::tuple{
        field("name", &T::name, "", "name of the case in the scenario"),
        field("layout", &T::layout, "", "the layout in canonical spelling"),
        field("pool", &T::pool, "", "key of its ballot"),
        field("ranks", &T::ranks, "", "number of ranks"),
        field("case", &T::spec, "", "the whole expanded case"),
        field("origin", &T::origin, "", "what it is measured with, as of the first session"),
        field("seconds", &T::seconds, "s", "prompt to frames"),
        field("errors", &T::errors, "", "rounds that failed: the first 16"),
        field("failed_rounds", &T::failed_rounds, "", "number of all that failed"),
        field("warnings", &T::warnings, "", "warnings of its ranks", Presence::kOmitted),
    };
  }
};

struct RankEvidence {
  std::string host;
  JudgedSeries memory, compute;
  std::map<std::string, std::size_t> results;
  std::size_t corrupt_copies = 0;

  template <typename T = RankEvidence>
  static constexpr auto fields() {
    return std::tuple{
        field("host", &T::host, "", "name of its machine"),
        field("memory", &T::memory, "bytes/s", "copies of memory"),
        field("compute", &T::compute, "FLOP/s", "the fixed product"),
        field("results", &T::results, "", "number of times that the fixed product gave each result"),
        field("corrupt_copies", &T::corrupt_copies, "", "copies with other bytes than their source"),
    };
  }
};

struct LinkEvidence {
  int lower = 0, upper = 0;
  bool within_a_host = true;
  JudgedSeries bandwidth, latency;
  std::size_t corrupt = 0;

  template <typename T = LinkEvidence>
  static constexpr auto fields() {
    return std::tuple{
        field("lower", &T::lower, "", "the lower rank"),
        field("upper", &T::upper, "", "the upper rank"),
        field("within_a_host", &T::within_a_host, "", "whether both are on one machine"),
        field("bandwidth", &T::bandwidth, "bytes/s", "rate of large messages"),
        field("latency", &T::latency, "s", "time of small ones"),
        field("corrupt", &T::corrupt, "", "messages that arrived with other bytes"),
    };
  }
};

struct HostEvidence {
  std::string host;
  std::size_t readings = 0, disturbed = 0;
  Series others, steal, throttled;
  std::optional<std::uint64_t> thermal_throttles, quota_throttles;

  template <typename T = HostEvidence>
  static constexpr auto fields() {
    return std::tuple{
        field("host", &T::host, "", "name of the machine"),
        field("readings", &T::readings, "", "number of readings"),
        field("disturbed", &T::disturbed, "", "number of those that say that something else ran"),
        field("others", &T::others, "", "share of the processors' time that other processes took"),
        field("steal", &T::steal, "", "share that a hypervisor gave to others"),
        field("throttled", &T::throttled, "", "share for which the quota held threads up"),
        field("thermal_throttles", &T::thermal_throttles, "", "throttling for heat", Presence::kNull),
        field("quota_throttles", &T::quota_throttles, "", "how often the quota was used up", Presence::kNull),
    };
  }
};

struct Evidence {
  int schema_version = 2;
  std::string started;
  double seconds = 0.0, duration_seconds = 0.0;
  int repetitions = 0, undisturbed = 0, next_repetition = 0;
  std::vector<CaseEvidence> cases;
  std::vector<RankEvidence> ranks;
  std::vector<LinkEvidence> links;
  std::vector<HostEvidence> hosts;
  std::map<std::string, BallotRecord> ballots;

  template <typename T = Evidence>
  static constexpr auto fields() {
    return std::tuple{
        version(field("schema_version", &T::schema_version, "", "2"), /*newest=*/2),
        field("started", &T::started, "", "begin of the first session, ISO 8601, UTC"),
        field("seconds", &T::seconds, "s", "time spent, over all sessions"),
        field("duration_seconds", &T::duration_seconds, "s", "time asked for"),
        field("repetitions", &T::repetitions, "", "number of whole repetitions"),
        field("undisturbed", &T::undisturbed, "", "number of those beside which nothing else ran"),
        field("next_repetition", &T::next_repetition, "",
              "number of the next repetition: one that was broken off has used up its own"),
        field("cases", &T::cases, "", "one entry a case"),
        field("ranks", &T::ranks, "", "one entry a rank of the largest case"),
        field("links", &T::links, "", "one entry a pair of ranks"),
        field("hosts", &T::hosts, "", "one entry a host"),
        field("ballots", &T::ballots, "", "votes, by the case that others must equal"),
    };
  }
};

nlohmann::json to_json(const Evidence& record);
/// Throws InputError naming the field.
Evidence evidence_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
