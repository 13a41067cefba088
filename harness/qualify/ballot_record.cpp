// A ballot as a record and back.

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "harness/qualify/ballot.h"
#include "harness/qualify/refusal.h"

namespace isoframe::harness::qualify {

namespace records = reports::records;

namespace {

std::uint64_t hash_of(const std::string& field, const std::string& text) {
  constexpr int kBase = 16;
  std::uint64_t hash = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hash, kBase);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    refuse(field, fmt::format("is no fingerprint's hash: '{}'", text));
  return hash;
}

locate::Fingerprint print_of(const std::string& field, const records::VotedResult& result) {
  locate::Fingerprint print;
  if (result.sketch.size() != print.sketch.size())
    refuse(field + ".sketch",
           fmt::format("has {} numbers, not {}", result.sketch.size(), print.sketch.size()));
  print.hash = hash_of(field + ".hash", result.hash);
  print.norm = result.norm;
  std::ranges::copy(result.sketch, print.sketch.begin());
  return print;
}

/// Throws InputError unless a result's voters are as many as its votes, as far as voters are kept.
void check_voters(const std::string& field, const records::VotedResult& result, std::size_t cases) {
  std::size_t listed = 0;
  for (const records::VoteRun& run : result.voters) {
    if (run.case_index >= cases || run.first < 0 || run.last < run.first)
      refuse(field + ".voters", "has a vote of no case or of no repetition");
    listed += static_cast<std::size_t>(run.last - run.first) + 1;
  }
  const bool is_full = result.voters.size() == kMostVoters;
  if (result.voters.empty() || result.voters.size() > kMostVoters ||
      (is_full ? listed > result.votes : listed != result.votes))
    refuse(field + ".votes", fmt::format("is {}, its voters' are {}", result.votes, listed));
}

}  // namespace

Ballot::Ballot(const records::BallotRecord& record, const std::string& name) : cases_(record.cases) {
  for (std::size_t number = 0; number < record.urns.size(); ++number) {
    const records::UrnRecord& from = record.urns[number];
    const std::string field = fmt::format("{}.urns[{}]", name, number);
    Region region;
    for (const auto& [begin, length] : from.region) region.bounds.emplace_back(begin, length);
    const auto [where, is_new] =
        urns_[{from.stages, from.name, from.index, from.occurrence}].try_emplace(region);
    if (!is_new) refuse(field, "is there twice");
    Urn& urn = where->second;
    urn.scattered_results = from.scattered_results;
    urn.scattered_votes = from.scattered_votes;
    votes_ += from.scattered_votes;
    if (from.results.empty() || from.results.size() > kMostResults)
      refuse(field + ".results",
             fmt::format("has {} results, there are 1 to {}", from.results.size(), kMostResults));
    for (std::size_t index = 0; index < from.results.size(); ++index) {
      const records::VotedResult& result = from.results[index];
      const std::string of_result = fmt::format("{}.results[{}]", field, index);
      check_voters(of_result, result, cases_.size());
      const locate::Fingerprint print = print_of(of_result, result);
      urn.results[print.hash] = {print, result.votes, result.voters};
      votes_ += result.votes;
    }
  }
  if (votes_ != record.votes)
    refuse(name + ".votes", fmt::format("is {}, its urns hold {}", record.votes, votes_));
}

records::BallotRecord Ballot::record() const {
  records::BallotRecord record{.cases = cases_, .votes = votes_, .urns = {}};
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
