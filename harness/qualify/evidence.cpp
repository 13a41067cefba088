#include "harness/qualify/evidence.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "harness/qualify/disturbance.h"
#include "harness/qualify/series.h"

namespace isoframe::harness::qualify {

namespace records = reports::records;

namespace {

/// The key under which results are counted when there are too many different ones.
constexpr const char* kFurtherProducts = "others";

std::pair<int, int> ranks_of(const records::LinkEvidence& link) { return {link.lower, link.upper}; }

/// The evidence on a link, made if missing: they are sorted by ranks.
records::LinkEvidence& link_of(records::Evidence& evidence, const std::pair<int, int>& ranks) {
  const auto found = std::ranges::lower_bound(evidence.links, ranks, {}, ranks_of);
  if (found != evidence.links.end() && ranks_of(*found) == ranks) return *found;
  records::LinkEvidence& link = *evidence.links.emplace(found);
  std::tie(link.lower, link.upper) = ranks;
  return link;
}

void add_links(records::Evidence& evidence, const std::vector<records::MachineRates>& ranks, int rank,
               bool is_disturbed) {
  const records::MachineRates& own = ranks[static_cast<std::size_t>(rank)];
  for (const records::LinkRate& rate : own.links) {
    if (rate.peer < 0 || static_cast<std::size_t>(rate.peer) >= ranks.size()) continue;
    records::LinkEvidence& link = link_of(evidence, std::minmax(rank, rate.peer));
    if (!rate.intact) ++link.corrupt;
    // Both ends time the same trips.
    if (rate.peer < rank) continue;
    link.within_a_host = own.host == ranks[static_cast<std::size_t>(rate.peer)].host;
    add(link.bandwidth, rate.bytes_per_second, is_disturbed);
    add(link.latency, rate.latency_seconds, is_disturbed);
  }
}

void add_rates(records::Evidence& evidence, const std::vector<records::MachineRates>& ranks,
               bool is_disturbed) {
  evidence.ranks.resize(std::max(evidence.ranks.size(), ranks.size()));
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const records::MachineRates& seen = ranks[rank];
    records::RankEvidence& rates = evidence.ranks[rank];
    rates.host = seen.host;
    add(rates.memory, seen.memory.bytes_per_second, is_disturbed);
    add(rates.compute, seen.compute.flops_per_second, is_disturbed);
    const bool has_room = rates.results.size() < kMostProducts || rates.results.contains(seen.compute.result);
    ++rates.results[has_room ? seen.compute.result : kFurtherProducts];
    if (!seen.memory.intact) ++rates.corrupt_copies;
    add_links(evidence, ranks, static_cast<int>(rank), is_disturbed);
  }
}

}  // namespace

void add(records::Evidence& evidence, const Repetition& repetition) {
  std::vector<records::HostLoad> of_ranks;
  for (const records::MachineRates& rank : repetition.rates)
    if (rank.load) of_ranks.push_back(*rank.load);
  bool is_disturbed = false;
  for (const auto& loads : {repetition.harness, of_ranks}) {
    for (const HostReading& reading : readings_of(loads)) {
      add(evidence.hosts, reading);
      is_disturbed = is_disturbed || reading.is_disturbed;
    }
  }
  for (std::size_t index = 0; index < repetition.seconds.size(); ++index)
    if (repetition.seconds[index])
      add(evidence.cases.at(index).seconds, *repetition.seconds[index], is_disturbed);
  add_rates(evidence, repetition.rates, is_disturbed);
  ++evidence.repetitions;
  evidence.undisturbed += is_disturbed ? 0 : 1;
}

bool add(records::CaseEvidence& evidence, records::RepetitionFailure failure) {
  ++evidence.failed_rounds;
  if (evidence.errors.size() == kMostErrors) return false;
  evidence.errors.push_back(std::move(failure));
  return true;
}

}  // namespace isoframe::harness::qualify
