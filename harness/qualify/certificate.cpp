#include "harness/qualify/certificate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/qualify/disturbance.h"
#include "harness/qualify/series.h"
#include "reports/format.h"

namespace isoframe::harness::qualify {

namespace {

namespace records = reports::records;
using Reasons = std::vector<std::string>;

std::string times(std::size_t count) { return count == 1 ? "once" : fmt::format("{} times", count); }
std::string ranks_text(const std::vector<int>& ranks) {
  return fmt::format("rank{} {}", ranks.size() == 1 ? "" : "s", fmt::join(ranks, " and "));
}

void add_errors(const records::CaseEvidence& of_case, Reasons& reasons) {
  for (const records::RepetitionFailure& error : of_case.errors)
    reasons.push_back(
        fmt::format("{}, repetition {}: {}", of_case.name, error.repetition + 1, error.message));
  const std::size_t further = of_case.failed_rounds - of_case.errors.size();
  if (further > 0) reasons.push_back(fmt::format("{}: {} more rounds failed", of_case.name, further));
}

/// Adds one reason for each way in which a case deviates, however often it does.
void add_deviations(const Count& count, int begun, Reasons& reasons) {
  std::map<std::tuple<std::string, std::vector<int>, locate::Place>, std::vector<const Deviation*>> ways;
  std::map<std::string, std::size_t> further = count.deviations.repetitions;
  for (const Deviation& one : count.deviations.listed) {
    ways[{one.case_name, one.ranks, one.place}].push_back(&one);
    further[one.case_name] -= std::min(further[one.case_name], static_cast<std::size_t>(one.repetitions));
  }
  for (const auto& [way, all] : ways) {
    const auto& [name, ranks, place] = way;
    int repetitions = 0;
    for (const Deviation* one : all) repetitions += one->repetitions;
    reasons.push_back(fmt::format(
        "{} of {} computed otherwise than most in {} of {} repetitions, first at {} (relative L2 {:.1e})",
        ranks_text(ranks), name, repetitions, begun, locate::to_string(place), all.front()->relative_l2));
  }
  for (const auto& [name, repetitions] : further)
    if (repetitions > 0)
      reasons.push_back(
          fmt::format("ranks of {} computed otherwise than most in {} more repetitions", name, repetitions));
  if (count.deviations.unlisted_votes > 0)
    reasons.push_back(fmt::format("{} more fingerprints differ from most", count.deviations.unlisted_votes));
  for (const Undecided& one : count.undecided)
    reasons.push_back(fmt::format("runs do not repeat: {} results in {} runs at {}, none of them in most",
                                  one.results, one.votes, locate::to_string(one.place)));
}

std::string name_of(const records::Evidence& evidence, std::size_t rank) {
  return fmt::format("rank {} ({})", rank, evidence.ranks[rank].host);
}
std::string name_of(const records::LinkEvidence& link) {
  return fmt::format("the link of ranks {} and {}", link.lower, link.upper);
}

/// Names the ranks whose fixed product is not that of most.
void add_wrong_products(const records::Evidence& evidence, Reasons& reasons) {
  std::map<std::string, std::size_t> results;
  std::size_t all = 0;
  for (const records::RankEvidence& rank : evidence.ranks) {
    for (const auto& [result, count] : rank.results) {
      results[result] += count;
      all += count;
    }
  }
  if (results.size() < 2) return;
  const auto usual = std::ranges::max_element(results, {}, [](const auto& entry) { return entry.second; });
  if (2 * usual->second <= all) {
    reasons.push_back(fmt::format("a fixed product has {} results, none of them in most of {} trials",
                                  results.size(), all));
    return;
  }
  for (std::size_t rank = 0; rank < evidence.ranks.size(); ++rank) {
    std::size_t wrong = 0;
    for (const auto& [result, count] : evidence.ranks[rank].results)
      wrong += result == usual->first ? 0 : count;
    if (wrong > 0)
      reasons.push_back(fmt::format("{} computed a fixed product otherwise than most, {}",
                                    name_of(evidence, rank), times(wrong)));
  }
}

/// Adds what is wrong whatever else ran.
void add_wrong_bits(const records::Evidence& evidence, Reasons& reasons) {
  for (std::size_t rank = 0; rank < evidence.ranks.size(); ++rank)
    if (const std::size_t corrupt = evidence.ranks[rank].corrupt_copies; corrupt > 0)
      reasons.push_back(fmt::format("{} copied memory wrongly, {}", name_of(evidence, rank), times(corrupt)));
  add_wrong_products(evidence, reasons);
  for (const records::LinkEvidence& link : evidence.links)
    if (link.corrupt > 0)
      reasons.push_back(
          fmt::format("{} delivered other bytes than were sent, {}", name_of(link), times(link.corrupt)));
}

/// A rank's or link's best undisturbed rate.
struct Best {
  std::string name;
  const records::JudgedSeries* rates;
};

/// Adds a reason for each whose best is too far below the best of all.
void add_slow(const std::vector<Best>& all, double share, const char* what, Reasons& reasons) {
  double most = 0.0;
  for (const Best& one : all)
    if (!one.rates->disturbed) most = std::max(most, one.rates->max);
  for (const Best& one : all)
    if (!one.rates->disturbed && one.rates->max < share * most)
      reasons.push_back(fmt::format("{} {} at {:.0f} % of the fastest, at best", one.name, what,
                                    100.0 * one.rates->max / most));
}

void add_slow_ranks_and_links(const records::Evidence& evidence, Reasons& reasons) {
  std::vector<Best> memory, compute;
  for (std::size_t rank = 0; rank < evidence.ranks.size(); ++rank) {
    memory.push_back({name_of(evidence, rank), &evidence.ranks[rank].memory});
    compute.push_back({name_of(evidence, rank), &evidence.ranks[rank].compute});
  }
  add_slow(memory, kSlowRank, "copies memory", reasons);
  add_slow(compute, kSlowRank, "computes", reasons);
  std::vector<Best> within, between;  // links within a host are not compared with those between hosts
  for (const records::LinkEvidence& link : evidence.links)
    (link.within_a_host ? within : between).push_back({name_of(link), &link.bandwidth});
  for (const std::vector<Best>& kind : {within, between}) add_slow(kind, kSlowLink, "moves bytes", reasons);
}

/// Ratio of the last third's times to the first's over all cases; 1 if it cannot be told.
double drift_over(const std::vector<records::CaseEvidence>& cases) {
  double sum = 0.0;
  int count = 0;
  for (const records::CaseEvidence& one : cases) {
    if (one.seconds.disturbed || one.seconds.count < kFewestForSteadiness) continue;
    const auto ratio = drift_of(one.seconds);
    if (!ratio || *ratio <= 0.0) continue;
    sum += std::log(*ratio);
    ++count;
  }
  return count == 0 ? 1.0 : std::exp(sum / count);
}

std::vector<records::CertifiedCase> case_rows(const records::Evidence& evidence, const Count& count) {
  std::vector<records::CertifiedCase> rows;
  for (const records::CaseEvidence& one : evidence.cases) {
    records::CertifiedCase& row = rows.emplace_back();
    row.name = one.name;
    row.layout = one.layout;
    row.ranks = one.ranks;
    row.seconds = summary_of(one.seconds);
    for (const Deviation& deviation : count.deviations.listed)
      if (deviation.case_name == one.name)
        row.deviations.push_back({.repetition = deviation.repetition,
                                  .repetitions = deviation.repetitions,
                                  .ranks = deviation.ranks,
                                  .place = locate::to_string(deviation.place),
                                  .points = deviation.points,
                                  .relative_l2 = deviation.relative_l2});
    const auto deviating = count.deviations.repetitions.find(one.name);
    if (deviating != count.deviations.repetitions.end()) row.deviating_repetitions = deviating->second;
    row.errors = one.errors;
    row.failed_rounds = one.failed_rounds;
    row.warnings = one.warnings;
  }
  return rows;
}

std::vector<records::CertifiedRank> rank_rows(const records::Evidence& evidence) {
  std::vector<records::CertifiedRank> rows;
  for (const records::RankEvidence& rank : evidence.ranks)
    rows.push_back({.rank = static_cast<int>(rows.size()),
                    .host = rank.host,
                    .memory_bytes_per_second = summary_of(rank.memory),
                    .flops_per_second = summary_of(rank.compute),
                    .corrupt_copies = rank.corrupt_copies});
  return rows;
}

std::vector<records::CertifiedLink> link_rows(const records::Evidence& evidence) {
  std::vector<records::CertifiedLink> rows;
  for (const records::LinkEvidence& link : evidence.links)
    rows.push_back({.ranks = {link.lower, link.upper},
                    .bytes_per_second = summary_of(link.bandwidth),
                    .latency_seconds = summary_of(link.latency),
                    .corrupt = link.corrupt});
  return rows;
}

std::vector<records::CertifiedHost> host_rows(const records::Evidence& evidence) {
  std::vector<records::CertifiedHost> rows;
  for (const records::HostEvidence& host : evidence.hosts)
    rows.push_back({.host = host.host,
                    .readings = host.readings,
                    .disturbed = host.disturbed,
                    .others_share = summary_of(host.others),
                    .steal_share = summary_of(host.steal),
                    .throttled_share = summary_of(host.throttled),
                    .thermal_throttles = host.thermal_throttles,
                    .quota_throttles = host.quota_throttles});
  return rows;
}

std::string count_of_repetitions(int count) {
  return fmt::format("{} repetition{}", count, count == 1 ? "" : "s");
}

std::string unfinished_reason(const records::Evidence& evidence) {
  std::string reason =
      evidence.repetitions < kFewestRepetitions
          ? fmt::format("{} of at least {}", evidence.repetitions, count_of_repetitions(kFewestRepetitions))
          : count_of_repetitions(evidence.repetitions);
  reason += fmt::format(" in {} of {}; nothing deviated so far", reports::duration(evidence.seconds),
                        reports::duration(evidence.duration_seconds));
  const int disturbed = evidence.repetitions - evidence.undisturbed;
  if (disturbed > 0)
    reason += fmt::format("; {} disturbed: {}", disturbed, explanation_of(evidence.hosts).cause);
  return reason + "; --resume goes on";
}

std::string disturbed_reason(const records::Evidence& evidence) {
  const Explanation explanation = explanation_of(evidence.hosts);
  return fmt::format("rates of {} of {} were disturbed: {}; {} and go on with --resume",
                     evidence.repetitions - evidence.undisturbed, count_of_repetitions(evidence.repetitions),
                     explanation.cause, explanation.remedy);
}

}  // namespace

int undisturbed_needed(const records::Evidence& evidence) {
  return evidence.repetitions >= kFewestForSteadiness ? kFewestForSteadiness : kFewestRepetitions;
}

bool is_over(const records::Evidence& evidence) {
  return evidence.repetitions >= kFewestRepetitions && evidence.seconds >= evidence.duration_seconds;
}

records::Certificate certify(const records::Evidence& evidence, const Count& count) {
  using records::Fitness;
  const bool are_rates_judged = evidence.undisturbed >= undisturbed_needed(evidence);
  records::Certificate certificate;
  Reasons& reasons = certificate.reasons;
  for (const records::CaseEvidence& one : evidence.cases) add_errors(one, reasons);
  add_deviations(count, std::max(evidence.repetitions, evidence.next_repetition), reasons);
  add_wrong_bits(evidence, reasons);
  if (are_rates_judged) {
    add_slow_ranks_and_links(evidence, reasons);
    certificate.drift = drift_over(evidence.cases);
    if (certificate.drift > kSteady)
      reasons.push_back(fmt::format("the last third of the repetitions took {:.2f}x the time of the first",
                                    certificate.drift));
  }
  certificate.verdict = !reasons.empty()     ? Fitness::kUnfit
                        : !is_over(evidence) ? Fitness::kUnfinished
                        : !are_rates_judged  ? Fitness::kDisturbed
                                             : Fitness::kFit;
  if (certificate.verdict == Fitness::kUnfinished) reasons.push_back(unfinished_reason(evidence));
  if (certificate.verdict == Fitness::kDisturbed) reasons.push_back(disturbed_reason(evidence));

  certificate.repetitions = evidence.repetitions;
  certificate.undisturbed = evidence.undisturbed;
  certificate.seconds = evidence.seconds;
  certificate.duration_seconds = evidence.duration_seconds;
  certificate.started = evidence.started;
  certificate.fingerprints = count.votes;
  certificate.cases = case_rows(evidence, count);
  certificate.ranks = rank_rows(evidence);
  certificate.links = link_rows(evidence);
  certificate.hosts = host_rows(evidence);
  return certificate;
}

}  // namespace isoframe::harness::qualify
