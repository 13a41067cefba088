#pragma once
// Votes at every probe point of runs that should agree bit for bit, to find those that do not.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/locate/recording.h"
#include "reports/records/qualify_evidence.h"

namespace isoframe::harness::qualify {

/// A rank in one repetition of a case.
struct Voter {
  std::string case_name;
  int repetition = 0;
  int rank = 0;
};

/// The first place at which a case showed something else than most, and the ranks that did, in repetitions
/// one after another.
struct Deviation {
  std::string case_name;
  int repetition = 0;  ///< the first
  locate::Place place;
  std::vector<int> ranks = {};  ///< that deviate there
  std::size_t points = 0;       ///< that deviate, on all its ranks
  double relative_l2 = 0.0;     ///< at that place, from the majority; estimated
  int repetitions = 1;
};

struct Deviations {
  std::vector<Deviation> listed;                   ///< the first kMostDeviations of each case
  std::map<std::string, std::size_t> repetitions;  ///< by case: in which it deviates
  std::size_t unlisted_votes = 0;                  ///< against the majority by voters that were not kept
};

/// A place at which no result has more than half of the votes, so that no rank can be named.
struct Undecided {
  locate::Place place;
  std::size_t results = 0;
  std::size_t votes = 0;
};

/// The results that are kept at each place and region: 16 tell a majority from scatter.
inline constexpr std::size_t kMostResults = 16;
/// The runs of repetitions whose voters are kept for each result.
inline constexpr std::size_t kMostVoters = 64;
/// The deviations that are listed for each case.
inline constexpr std::size_t kMostDeviations = 64;

/// A vote of all cases that promise the same bits: at each place, those ranks vote together that hold the
/// same region of the tensor.  A rank that is alone with a region votes with its own repetitions.
///
/// Memory does not grow with the number of repetitions: a rank that sees the same result again and again is
/// one entry, and what goes beyond the limits above is only counted.
class Ballot {
 public:
  Ballot() = default;
  /// Throws InputError for a record that no ballot has made, naming the field of the document in which the
  /// record is `name`.
  explicit Ballot(const reports::records::BallotRecord& record, const std::string& name = "ballot");
  reports::records::BallotRecord record() const;

  void add(const Voter& voter, const locate::Recording& recording);

  /// Lists who lost a vote, in the order of repetitions.  The first place is the earliest in a rank's own
  /// order, so that a fault is named before what it spreads to.
  Deviations deviations() const;
  /// The earliest place without a majority, if there is one.
  std::optional<Undecided> undecided() const;

  std::size_t votes() const { return votes_; }
  /// The number of results and voters that it holds.
  std::size_t entries() const;

 private:
  using VoteRun = reports::records::VoteRun;
  struct Region {
    std::vector<std::pair<std::int64_t, std::int64_t>> bounds;  ///< begin and length in each dimension
    auto operator<=>(const Region&) const = default;
  };
  struct Result {
    locate::Fingerprint print;
    std::size_t votes = 0;
    std::vector<VoteRun> voters;
  };
  struct Urn {
    std::map<std::uint64_t, Result> results;  ///< by hash
    std::size_t scattered_results = 0, scattered_votes = 0;
  };
  /// A run of votes against the majority.
  struct Lost {
    VoteRun run;
    const locate::Place* place;
    double relative_l2;
  };
  using LostByCase = std::map<std::size_t, std::vector<Lost>>;

  static Region region_of(const locate::Part& part);
  /// The result with more than half of the votes, null without.
  static const Result* majority_of(const Urn& urn);
  /// The urn's result of that hash, made if missing; the rarest makes room for it.
  static Result& result_of(Urn& urn, std::uint64_t hash);
  LostByCase lost_votes(std::size_t& unlisted) const;
  void list_deviations(const std::string& case_name, const std::vector<Lost>& lost,
                       Deviations& deviations) const;
  std::size_t index_of(const std::string& case_name);

  std::vector<std::string> cases_;
  std::map<locate::Place, std::map<Region, Urn>> urns_;
  std::size_t votes_ = 0;
};

}  // namespace isoframe::harness::qualify
