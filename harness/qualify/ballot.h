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

namespace isoframe::harness::qualify {

/// A rank in one repetition of a case.
struct Voter {
  std::string case_name;
  int repetition = 0;
  int rank = 0;
};

/// The first place at which a repetition of a case showed something else than most, and the ranks that did.
struct Deviation {
  std::string case_name;
  int repetition = 0;
  locate::Place place;
  std::vector<int> ranks = {};  ///< that deviate there
  std::size_t points = 0;       ///< that deviate, on all its ranks
  double relative_l2 = 0.0;     ///< at that place, from the majority; estimated
};

/// A place at which no result has more than half of the votes, so that no rank can be named.
struct Undecided {
  locate::Place place;
  std::size_t results = 0;
  std::size_t votes = 0;
};

/// A vote of all cases that promise the same bits: at each place, those ranks vote together that hold the
/// same region of the tensor.  A rank that is alone with a region votes with its own repetitions.
class Ballot {
 public:
  void add(const Voter& voter, const locate::Recording& recording);

  /// Lists who lost a vote, in the order of repetitions.  The first place is the earliest in a rank's own
  /// order, so that a fault is named before what it spreads to.
  std::vector<Deviation> deviations() const;
  /// The earliest place without a majority, if there is one.
  std::optional<Undecided> undecided() const;

  std::size_t votes() const { return votes_; }

 private:
  struct Region {
    std::vector<std::pair<std::int64_t, std::int64_t>> bounds;  ///< begin and length in each dimension
    auto operator<=>(const Region&) const = default;
  };
  struct Vote {
    std::uint32_t voter = 0;  ///< in voters_
    std::uint32_t order = 0;  ///< in its recording
  };
  struct Result {
    locate::Fingerprint print;
    std::vector<Vote> votes;
  };
  using Urn = std::map<std::uint64_t, Result>;  ///< by hash
  /// A vote against the majority.
  struct Lost {
    const Voter* voter;
    std::uint32_t order;
    const locate::Place* place;
    double relative_l2;
  };

  static Region region_of(const locate::Part& part);
  /// The result with more than half of the votes, null without.
  static const Result* majority_of(const Urn& urn);
  std::vector<Lost> lost_votes() const;

  std::vector<Voter> voters_;
  std::map<locate::Place, std::map<Region, Urn>> urns_;
  std::size_t votes_ = 0;
};

}  // namespace isoframe::harness::qualify
