// A ballot as a record and back.

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "harness/qualify/ballot.h"

namespace isoframe::harness::qualify {

namespace records = reports::records;

namespace {

std::uint64_t hash_of(const std::string& text) {
  constexpr int kBase = 16;
  std::uint64_t hash = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hash, kBase);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    throw InputError(fmt::format("'{}' is no fingerprint's hash", text));
  return hash;
}

locate::Fingerprint print_of(const records::VotedResult& result) {
  locate::Fingerprint print;
  if (result.sketch.size() != print.sketch.size())
    throw InputError(fmt::format("a fingerprint's sketch has {} numbers, not {}", result.sketch.size(),
                                 print.sketch.size()));
  print.hash = hash_of(result.hash);
  print.norm = result.norm;
  std::ranges::copy(result.sketch, print.sketch.begin());
  return print;
}

}  // namespace

Ballot::Ballot(const records::BallotRecord& record) : cases_(record.cases) {
  for (const records::UrnRecord& from : record.urns) {
    Region region;
    for (const auto& [begin, length] : from.region) region.bounds.emplace_back(begin, length);
    Urn& urn = urns_[{from.stages, from.name, from.index, from.occurrence}][region];
    urn.scattered_results = from.scattered_results;
    urn.scattered_votes = from.scattered_votes;
    votes_ += from.scattered_votes;
    if (from.results.size() > kMostResults)
      throw InputError(
          fmt::format("a place has {} results, at most {} are kept", from.results.size(), kMostResults));
    for (const records::VotedResult& result : from.results) {
      std::size_t listed = 0;
      for (const VoteRun& run : result.voters) {
        if (run.case_index >= cases_.size() || run.first < 0 || run.last < run.first)
          throw InputError("a vote is of no case or of no repetition");
        listed += static_cast<std::size_t>(run.last - run.first) + 1;
      }
      if (result.voters.size() > kMostVoters || listed > result.votes)
        throw InputError("a result has more voters than votes");
      const locate::Fingerprint print = print_of(result);
      urn.results[print.hash] = {print, result.votes, result.voters};
      votes_ += result.votes;
    }
  }
}

records::BallotRecord Ballot::record() const {
  records::BallotRecord record{.cases = cases_, .urns = {}};
  for (const auto& [place, regions] : urns_) {
    for (const auto& [region, urn] : regions) {
      records::UrnRecord& to = record.urns.emplace_back();
      to.stages = place.stages;
      to.name = place.name;
      to.index = place.index;
      to.occurrence = place.occurrence;
      to.scattered_results = urn.scattered_results;
      to.scattered_votes = urn.scattered_votes;
      for (const auto& [begin, length] : region.bounds) to.region.push_back({begin, length});
      for (const auto& [hash, result] : urn.results)
        to.results.push_back({.hash = fmt::format("{:016x}", hash),
                              .norm = result.print.norm,
                              .sketch = {result.print.sketch.begin(), result.print.sketch.end()},
                              .votes = result.votes,
                              .voters = result.voters});
    }
  }
  return record;
}

}  // namespace isoframe::harness::qualify
