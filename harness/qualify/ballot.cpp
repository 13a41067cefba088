#include "harness/qualify/ballot.h"

#include <algorithm>
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
  std::size_t all = 0;
  const Result* most = nullptr;
  for (const auto& [hash, result] : urn) {
    all += result.votes.size();
    if (most == nullptr || result.votes.size() > most->votes.size()) most = &result;
  }
  return most != nullptr && 2 * most->votes.size() > all ? most : nullptr;
}

void Ballot::add(const Voter& voter, const locate::Recording& recording) {
  const auto index = static_cast<std::uint32_t>(voters_.size());
  voters_.push_back(voter);
  for (std::size_t order = 0; order < recording.size(); ++order) {
    const auto& [place, part] = recording[order];
    Result& result = urns_[place][region_of(part)][part.print.hash];
    result.print = part.print;
    result.votes.push_back({index, static_cast<std::uint32_t>(order)});
    ++votes_;
  }
}

std::vector<Ballot::Lost> Ballot::lost_votes() const {
  std::vector<Lost> lost;
  for (const auto& [place, regions] : urns_) {
    for (const auto& [region, urn] : regions) {
      const Result* const majority = majority_of(urn);
      if (majority == nullptr) continue;
      for (const auto& [hash, result] : urn) {
        if (&result == majority) continue;
        const double distance = locate::estimated_relative_l2(majority->print, result.print);
        for (const Vote& vote : result.votes)
          lost.push_back({&voters_[vote.voter], vote.order, &place, distance});
      }
    }
  }
  return lost;
}

std::vector<Deviation> Ballot::deviations() const {
  const auto run_of = [](const Lost& vote) {
    return std::tie(vote.voter->repetition, vote.voter->case_name);
  };
  std::vector<Lost> lost = lost_votes();
  std::ranges::sort(lost, {},
                    [&](const Lost& vote) { return std::tuple(run_of(vote), vote.order, vote.voter->rank); });
  std::vector<Deviation> deviations;
  const Lost* first = nullptr;
  for (const Lost& vote : lost) {
    if (first == nullptr || run_of(vote) != run_of(*first)) {
      first = &vote;
      deviations.push_back(
          {.case_name = vote.voter->case_name, .repetition = vote.voter->repetition, .place = *vote.place});
    }
    Deviation& deviation = deviations.back();
    ++deviation.points;
    if (vote.order != first->order || *vote.place != deviation.place) continue;
    if (deviation.ranks.empty() || deviation.ranks.back() != vote.voter->rank)
      deviation.ranks.push_back(vote.voter->rank);
    deviation.relative_l2 = std::max(deviation.relative_l2, vote.relative_l2);
  }
  return deviations;
}

std::optional<Undecided> Ballot::undecided() const {
  std::uint32_t first = UINT32_MAX;
  std::optional<Undecided> found;
  for (const auto& [place, regions] : urns_) {
    for (const auto& [region, urn] : regions) {
      if (majority_of(urn) != nullptr) continue;
      std::size_t votes = 0;
      std::uint32_t order = UINT32_MAX;
      for (const auto& [hash, result] : urn) {
        votes += result.votes.size();
        order = std::min(order, result.votes.front().order);
      }
      if (order >= first) continue;
      first = order;
      found = Undecided{place, urn.size(), votes};
    }
  }
  return found;
}

}  // namespace isoframe::harness::qualify
