#include "harness/qualify/ballot_check.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "harness/qualify/refusal.h"

namespace isoframe::harness::qualify {

namespace records = reports::records;

namespace {

/// Number of repetitions in which a rank voted, by the place's number in its own order.
using VotesByOrder = std::map<std::uint32_t, std::size_t>;
/// The same, by index of the case and by rank.
using VotesByRank = std::map<std::pair<std::size_t, int>, VotesByOrder>;

const CountedCase& case_of(const std::string& field, const records::BallotRecord& ballot, std::size_t index,
                           const std::vector<CountedCase>& cases) {
  const auto found = std::ranges::find(cases, ballot.cases[index], &CountedCase::name);
  if (found == cases.end() || std::ranges::count(ballot.cases, ballot.cases[index]) > 1)
    refuse(fmt::format("{}.cases[{}]", field, index), "is no case of this ballot, or there twice");
  return *found;
}

/// Counts the votes of an urn.  Returns false if some of its voters are not listed.
bool count_votes(const std::string& field, const records::UrnRecord& urn,
                 const std::vector<const CountedCase*>& cases, VotesByRank& votes) {
  bool are_all_listed = urn.scattered_votes == 0;
  for (std::size_t index = 0; index < urn.results.size(); ++index) {
    std::size_t listed = 0;
    for (const records::VoteRun& run : urn.results[index].voters) {
      const CountedCase& one = *cases[run.case_index];
      if (run.rank < 0 || run.rank >= one.ranks || run.last >= one.next_repetition)
        refuse(fmt::format("{}.results[{}].voters", field, index),
               fmt::format("has rank {} in repetition {} of '{}'", run.rank, run.last + 1, one.name));
      const auto repetitions = static_cast<std::size_t>(run.last - run.first) + 1;
      votes[{run.case_index, run.rank}][run.order] += repetitions;
      listed += repetitions;
    }
    are_all_listed = are_all_listed && listed == urn.results[index].votes;
  }
  return are_all_listed;
}

/// Checks the votes of one rank: at each place as many as rounds were measured.  Returns their number.
std::size_t rounds_of(const std::string& field, const std::string& whose, const VotesByOrder& votes) {
  const std::size_t rounds = votes.begin()->second;
  std::uint32_t next = 0;
  for (const auto& [order, count] : votes) {
    if (order != next++) refuse(field, fmt::format("lacks the votes of {} at its place {}", whose, next));
    if (count != rounds)
      refuse(field,
             fmt::format("has {} votes of {} at its place {}, at its first {}", count, whose, next, rounds));
  }
  return rounds;
}

}  // namespace

void check_ballot(const std::string& field, const records::BallotRecord& ballot,
                  const std::vector<CountedCase>& cases) {
  std::vector<const CountedCase*> own;
  for (std::size_t index = 0; index < ballot.cases.size(); ++index)
    own.push_back(&case_of(field, ballot, index, cases));
  for (const CountedCase& one : cases)
    if (one.fewest_rounds > 0 && std::ranges::find(own, &one) == own.end())
      refuse(field + ".cases",
             fmt::format("lacks '{}', which was measured {} times", one.name, one.fewest_rounds));

  VotesByRank votes;
  bool are_all_listed = true;
  const std::string urns = field + ".urns";
  for (std::size_t index = 0; index < ballot.urns.size(); ++index)
    are_all_listed &= count_votes(fmt::format("{}[{}]", urns, index), ballot.urns[index], own, votes);
  if (!are_all_listed) return;  // most ranks disagree: who voted where is only known in part

  for (std::size_t index = 0; index < own.size(); ++index) {
    const CountedCase& one = *own[index];
    std::size_t of_first = 0;
    for (int rank = 0; rank < one.ranks; ++rank) {
      const std::string whose = fmt::format("rank {} of '{}'", rank, one.name);
      const auto found = votes.find({index, rank});
      if (found == votes.end()) refuse(urns, "has no votes of " + whose);
      const std::size_t rounds = rounds_of(urns, whose, found->second);
      if (rank == 0) of_first = rounds;
      if (rounds != of_first || rounds < one.fewest_rounds || std::cmp_greater(rounds, one.next_repetition))
        refuse(urns, fmt::format("has {} votes of {} a place, though {} rounds were measured", rounds, whose,
                                 std::max(of_first, one.fewest_rounds)));
    }
  }
}

}  // namespace isoframe::harness::qualify
