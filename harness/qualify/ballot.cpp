#include "harness/qualify/ballot.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace isoframe::harness::qualify {

Ballot::Region Ballot::region_of(const locate::Part& part) {
  Region region;
  for (const std::int64_t length : part.shape) region.bounds.emplace_back(0, length);
  for (const model::Share& share : part.shares)
    if (share.whole > 0 && static_cast<std::size_t>(share.dim) < region.bounds.size())
      region.bounds[static_cast<std::size_t>(share.dim)].first = share.begin;
  return region;
}

const Ballot::Result* Ballot::majority_of(const Urn& urn) {
  std::size_t all = urn.scattered_votes;
  const Result* most = nullptr;
  for (const auto& [hash, result] : urn.results) {
    all += result.votes;
    if (most == nullptr || result.votes > most->votes) most = &result;
  }
  return most != nullptr && 2 * most->votes > all ? most : nullptr;
}

Ballot::Result& Ballot::result_of(Urn& urn, std::uint64_t hash) {
  if (const auto found = urn.results.find(hash); found != urn.results.end()) return found->second;
  if (urn.results.size() == kMostResults) {
    const auto rarest =
        std::ranges::min_element(urn.results, {}, [](const auto& entry) { return entry.second.votes; });
    ++urn.scattered_results;
    urn.scattered_votes += rarest->second.votes;
    urn.results.erase(rarest);
  }
  return urn.results[hash];
}

std::size_t Ballot::index_of(const std::string& case_name) {
  const auto found = std::ranges::find(cases_, case_name);
  if (found != cases_.end()) return static_cast<std::size_t>(found - cases_.begin());
  cases_.push_back(case_name);
  return cases_.size() - 1;
}

void Ballot::add(const Voter& voter, const locate::Recording& recording) {
  const std::size_t of_case = index_of(voter.case_name);
  for (std::size_t order = 0; order < recording.size(); ++order) {
    const auto& [place, part] = recording[order];
    Result& result = result_of(urns_[place][region_of(part)], part.print.hash);
    result.print = part.print;
    ++result.votes;
    ++votes_;
    const VoteRun run{of_case, voter.rank, static_cast<std::uint32_t>(order), voter.repetition,
                      voter.repetition};
    const auto before = std::ranges::find_if(result.voters, [&](const VoteRun& one) {
      return std::tie(one.case_index, one.rank, one.order) == std::tie(run.case_index, run.rank, run.order) &&
             one.last + 1 == run.first;
    });
    if (before != result.voters.end()) {
      before->last = run.last;
    } else if (result.voters.size() < kMostVoters) {
      result.voters.push_back(run);
    }
  }
}

Ballot::LostByCase Ballot::lost_votes(std::size_t& unlisted) const {
  LostByCase lost;
  for (const auto& [place, regions] : urns_) {
    for (const auto& [region, urn] : regions) {
      const Result* const majority = majority_of(urn);
      if (majority == nullptr) continue;
      unlisted += urn.scattered_votes;
      for (const auto& [hash, result] : urn.results) {
        if (&result == majority) continue;
        const double distance = locate::estimated_relative_l2(majority->print, result.print);
        std::size_t listed = 0;
        for (const VoteRun& run : result.voters) {
          lost[run.case_index].push_back({run, &place, distance});
          listed += static_cast<std::size_t>(run.last - run.first + 1);
        }
        unlisted += result.votes - listed;
      }
    }
  }
  return lost;
}

void Ballot::list_deviations(const std::string& case_name, const std::vector<Lost>& lost,
                             Deviations& deviations) const {
  // Between one boundary and the next all repetitions have lost the same votes.
  std::set<int> boundaries;
  for (const Lost& vote : lost) boundaries.insert({vote.run.first, vote.run.last + 1});
  std::map<int, int> ends;  // the union of all runs: begin to end
  for (const Lost& vote : lost) {
    int& end = ends[vote.run.first];
    end = std::max(end, vote.run.last + 1);
  }
  int covered = 0;
  std::size_t& repetitions = deviations.repetitions[case_name];
  for (const auto& [begin, end] : ends) {
    repetitions += static_cast<std::size_t>(std::max(0, end - std::max(begin, covered)));
    covered = std::max(covered, end);
  }

  std::size_t listed = 0;
  for (auto begin = boundaries.begin(); listed < kMostDeviations && std::next(begin) != boundaries.end();
       ++begin) {
    std::vector<const Lost*> here;
    for (const Lost& vote : lost)
      if (vote.run.first <= *begin && *begin <= vote.run.last) here.push_back(&vote);
    if (here.empty()) continue;
    std::ranges::sort(here, {}, [](const Lost* vote) { return std::tie(vote->run.order, vote->run.rank); });
    const Lost& first = *here.front();
    Deviation& deviation = deviations.listed.emplace_back();
    deviation.case_name = case_name;
    deviation.repetition = *begin;
    deviation.repetitions = *std::next(begin) - *begin;
    deviation.place = *first.place;
    deviation.points = here.size();
    for (const Lost* vote : here) {
      if (vote->run.order != first.run.order || *vote->place != deviation.place) continue;
      if (deviation.ranks.empty() || deviation.ranks.back() != vote->run.rank)
        deviation.ranks.push_back(vote->run.rank);
      deviation.relative_l2 = std::max(deviation.relative_l2, vote->relative_l2);
    }
    ++listed;
  }
}

Deviations Ballot::deviations() const {
  Deviations deviations;
  for (const auto& [of_case, lost] : lost_votes(deviations.unlisted_votes))
    list_deviations(cases_[of_case], lost, deviations);
  std::ranges::sort(deviations.listed, {},
                    [](const Deviation& one) { return std::tie(one.repetition, one.case_name); });
  return deviations;
}

std::optional<Undecided> Ballot::undecided() const {
  std::uint32_t first = UINT32_MAX;
  std::optional<Undecided> found;
  for (const auto& [place, regions] : urns_) {
    for (const auto& [region, urn] : regions) {
      if (majority_of(urn) != nullptr) continue;
      std::size_t votes = urn.scattered_votes;
      std::uint32_t order = UINT32_MAX;
      for (const auto& [hash, result] : urn.results) {
        votes += result.votes;
        if (!result.voters.empty()) order = std::min(order, result.voters.front().order);
      }
      if (order >= first) continue;
      first = order;
      found = Undecided{place, urn.results.size() + urn.scattered_results, votes};
    }
  }
  return found;
}

std::size_t Ballot::entries() const {
  std::size_t entries = 0;
  for (const auto& [place, regions] : urns_)
    for (const auto& [region, urn] : regions)
      for (const auto& [hash, result] : urn.results) entries += 1 + result.voters.size();
  return entries;
}

}  // namespace isoframe::harness::qualify
