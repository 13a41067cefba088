#include "harness/qualify/certificate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "metrics/statistics.h"

namespace isoframe::harness::qualify {

namespace {

namespace records = reports::records;
using Samples = std::vector<double>;

std::optional<metrics::Summary> summary_of(const Samples& samples) {
  if (samples.empty()) return std::nullopt;
  return metrics::summarize(samples);
}

std::string times(std::size_t count) { return count == 1 ? "once" : fmt::format("{} times", count); }
std::string ranks_text(const std::vector<int>& ranks) {
  return fmt::format("rank{} {}", ranks.size() == 1 ? "" : "s", fmt::join(ranks, " and "));
}

/// The rates of one rank over all repetitions.
struct OfRank {
  Samples memory, compute;
  std::map<std::string, std::size_t> results;  ///< counts of each result of the fixed product
  std::size_t corrupt = 0;
  std::string host;
};
struct OfLink {
  Samples bandwidth, latency;
  std::size_t corrupt = 0;
  bool is_within_a_host = true;
};
using RankRates = std::map<int, OfRank>;
using LinkRates = std::map<std::pair<int, int>, OfLink>;

void collect_links(const std::vector<records::MachineRates>& ranks, int rank, LinkRates& links) {
  for (const records::LinkRate& link : ranks[rank].links) {
    OfLink& rates = links[std::minmax(rank, link.peer)];
    if (!link.intact) ++rates.corrupt;
    // Both ends time the same trips.
    if (link.peer < rank) continue;
    rates.is_within_a_host = ranks[rank].host == ranks[link.peer].host;
    rates.bandwidth.push_back(link.bytes_per_second);
    rates.latency.push_back(link.latency_seconds);
  }
}

void collect(const std::vector<std::vector<records::MachineRates>>& repetitions, RankRates& of_ranks,
             LinkRates& of_links) {
  for (const std::vector<records::MachineRates>& ranks : repetitions) {
    for (int rank = 0; rank < static_cast<int>(ranks.size()); ++rank) {
      const records::MachineRates& seen = ranks[rank];
      OfRank& rates = of_ranks[rank];
      rates.host = seen.host;
      rates.memory.push_back(seen.memory.bytes_per_second);
      rates.compute.push_back(seen.compute.flops_per_second);
      ++rates.results[seen.compute.result];
      if (!seen.memory.intact) ++rates.corrupt;
      collect_links(ranks, rank, of_links);
    }
  }
}

double best(const Samples& samples) { return *std::ranges::max_element(samples); }

/// Adds a reason for each whose best is too far below the best of all.
template <typename Key, typename Rates, typename Name>
void add_slow(const std::map<Key, Rates>& all, Samples Rates::*member, double share, const char* what,
              const Name& name, std::vector<std::string>& reasons) {
  double most = 0.0;
  for (const auto& [key, rates] : all) most = std::max(most, best(rates.*member));
  for (const auto& [key, rates] : all) {
    const double rate = best(rates.*member);
    if (rate < share * most)
      reasons.push_back(
          fmt::format("{} {} at {:.0f} % of the fastest, at best", name(key), what, 100.0 * rate / most));
  }
}

void add_rate_reasons(const RankRates& of_ranks, const LinkRates& of_links,
                      std::vector<std::string>& reasons) {
  const auto rank_name = [&](int rank) { return fmt::format("rank {} ({})", rank, of_ranks.at(rank).host); };
  std::map<std::string, std::size_t> results;
  for (const auto& [rank, rates] : of_ranks)
    for (const auto& [result, count] : rates.results) results[result] += count;
  const auto usual = std::ranges::max_element(results, {}, [](const auto& entry) { return entry.second; });
  for (const auto& [rank, rates] : of_ranks) {
    std::size_t wrong = 0;
    for (const auto& [result, count] : rates.results) wrong += result == usual->first ? 0 : count;
    if (wrong > 0)
      reasons.push_back(
          fmt::format("{} computed a fixed product otherwise than most, {}", rank_name(rank), times(wrong)));
    if (rates.corrupt > 0)
      reasons.push_back(fmt::format("{} copied memory wrongly, {}", rank_name(rank), times(rates.corrupt)));
  }
  add_slow(of_ranks, &OfRank::memory, kSlowRank, "copies memory", rank_name, reasons);
  add_slow(of_ranks, &OfRank::compute, kSlowRank, "computes", rank_name, reasons);

  const auto link_name = [](const std::pair<int, int>& link) {
    return fmt::format("the link of ranks {} and {}", link.first, link.second);
  };
  LinkRates within, between;  // links within a host are not compared with those between hosts
  for (const auto& [link, rates] : of_links) {
    (rates.is_within_a_host ? within : between)[link] = rates;
    if (rates.corrupt > 0)
      reasons.push_back(
          fmt::format("{} delivered other bytes than were sent, {}", link_name(link), times(rates.corrupt)));
  }
  for (const LinkRates& kind : {within, between})
    add_slow(kind, &OfLink::bandwidth, kSlowLink, "moves bytes", link_name, reasons);
}

/// Adds one reason for each way in which a case deviates, however often it does.
void add_deviations(const Evidence& evidence, std::vector<std::string>& reasons) {
  std::map<std::tuple<std::string, std::vector<int>, locate::Place>, std::vector<const Deviation*>> ways;
  for (const Deviation& one : evidence.deviations)
    ways[{one.case_name, one.ranks, one.place}].push_back(&one);
  for (const auto& [way, all] : ways) {
    const auto& [name, ranks, place] = way;
    reasons.push_back(fmt::format(
        "{} of {} computed otherwise than most in {} of {} repetitions, first at {} (relative L2 {:.1e})",
        ranks_text(ranks), name, all.size(), evidence.repetitions, locate::to_string(place),
        all.front()->relative_l2));
  }
  for (const Undecided& one : evidence.undecided)
    reasons.push_back(fmt::format("runs do not repeat: {} results in {} runs at {}, none of them in most",
                                  one.results, one.votes, locate::to_string(one.place)));
}

/// Ratio of the last third's times to the first's over all cases; 1 if it cannot be told.
double drift_of(const std::vector<CaseEvidence>& cases) {
  double sum = 0.0;
  int count = 0;
  for (const CaseEvidence& one : cases) {
    if (one.seconds.size() < kFewestForSteadiness) continue;
    const auto third = static_cast<std::ptrdiff_t>(one.seconds.size() / 3);
    const Samples first(one.seconds.begin(), one.seconds.begin() + third),
        last(one.seconds.end() - third, one.seconds.end());
    const auto ratio = metrics::ratio(metrics::median(last), metrics::median(first));
    if (!ratio || *ratio <= 0.0) continue;
    sum += std::log(*ratio);
    ++count;
  }
  return count == 0 ? 1.0 : std::exp(sum / count);
}

std::vector<records::CertifiedCase> case_rows(const Evidence& evidence) {
  std::vector<records::CertifiedCase> rows;
  for (const CaseEvidence& one : evidence.cases) {
    records::CertifiedCase& row = rows.emplace_back();
    row.name = one.name;
    row.layout = one.layout;
    row.ranks = one.ranks;
    row.seconds = summary_of(one.seconds);
    for (const Deviation& deviation : evidence.deviations)
      if (deviation.case_name == one.name)
        row.deviations.push_back({.repetition = deviation.repetition,
                                  .ranks = deviation.ranks,
                                  .place = locate::to_string(deviation.place),
                                  .points = deviation.points,
                                  .relative_l2 = deviation.relative_l2});
    row.errors = one.errors;
    row.warnings = one.warnings;
  }
  return rows;
}

std::vector<records::CertifiedRank> rank_rows(const RankRates& of_ranks) {
  std::vector<records::CertifiedRank> rows;
  for (const auto& [rank, rates] : of_ranks)
    rows.push_back({.rank = rank,
                    .host = rates.host,
                    .memory_bytes_per_second = summary_of(rates.memory),
                    .flops_per_second = summary_of(rates.compute),
                    .corrupt_copies = rates.corrupt});
  return rows;
}

std::vector<records::CertifiedLink> link_rows(const LinkRates& of_links) {
  std::vector<records::CertifiedLink> rows;
  for (const auto& [link, rates] : of_links)
    rows.push_back({.ranks = {link.first, link.second},
                    .bytes_per_second = summary_of(rates.bandwidth),
                    .latency_seconds = summary_of(rates.latency),
                    .corrupt = rates.corrupt});
  return rows;
}

}  // namespace

records::Certificate certify(const Evidence& evidence) {
  std::vector<std::string> reasons;
  for (const CaseEvidence& one : evidence.cases)
    for (const records::RepetitionFailure& error : one.errors)
      reasons.push_back(fmt::format("{}, repetition {}: {}", one.name, error.repetition + 1, error.message));
  add_deviations(evidence, reasons);
  RankRates of_ranks;
  LinkRates of_links;
  collect(evidence.rates, of_ranks, of_links);
  if (!of_ranks.empty()) add_rate_reasons(of_ranks, of_links, reasons);
  const double drift = drift_of(evidence.cases);
  if (drift > kSteady)
    reasons.push_back(
        fmt::format("the last third of the repetitions took {:.2f}x the time of the first", drift));

  const bool is_short = evidence.repetitions < kFewestRepetitions;
  records::Certificate certificate;
  certificate.verdict = !reasons.empty() ? records::Fitness::kUnfit
                        : is_short       ? records::Fitness::kUnfinished
                                         : records::Fitness::kFit;
  if (reasons.empty() && is_short)
    reasons.push_back(
        fmt::format("{} of at least {} repetitions were made", evidence.repetitions, kFewestRepetitions));
  certificate.reasons = std::move(reasons);
  certificate.repetitions = evidence.repetitions;
  certificate.interrupted = evidence.interrupted;
  certificate.fingerprints = evidence.votes;
  certificate.drift = drift;
  certificate.cases = case_rows(evidence);
  certificate.ranks = rank_rows(of_ranks);
  certificate.links = link_rows(of_links);
  return certificate;
}

}  // namespace isoframe::harness::qualify
