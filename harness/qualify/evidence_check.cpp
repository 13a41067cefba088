#include "harness/qualify/evidence_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/qualify/ballot_check.h"
#include "harness/qualify/evidence.h"
#include "harness/qualify/pool.h"
#include "harness/qualify/refusal.h"
#include "harness/qualify/series.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/readers.h"

namespace isoframe::harness::qualify {

namespace records = reports::records;
using scenario::Case;

namespace {

void require(bool holds, const std::string& field, const std::string& what) {
  if (!holds) refuse(field, what);
}

class Check {
 public:
  explicit Check(const records::Evidence& evidence)
      : evidence_(evidence),
        repetitions_(static_cast<std::size_t>(std::max(0, evidence.repetitions))),
        undisturbed_(static_cast<std::size_t>(std::max(0, evidence.undisturbed))) {}

  void run() {
    check_numbers();
    for (std::size_t index = 0; index < evidence_.cases.size(); ++index)
      check_case(fmt::format("cases[{}]", index), evidence_.cases[index]);
    largest_ = &*std::ranges::max_element(evidence_.cases, {}, &records::CaseEvidence::ranks);
    check_ranks();
    check_links();
    check_hosts();
    check_ballots();
  }

 private:
  void check_numbers() const {
    const records::Evidence& e = evidence_;
    require(e.schema_version == records::Evidence{}.schema_version, "schema_version",
            fmt::format("is {}: written by another isoframe", e.schema_version));
    require(e.repetitions >= 0, "repetitions", fmt::format("is {}", e.repetitions));
    require(0 <= e.undisturbed && e.undisturbed <= e.repetitions, "undisturbed",
            fmt::format("is {} of {} repetitions", e.undisturbed, e.repetitions));
    require(e.next_repetition >= e.repetitions, "next_repetition",
            fmt::format("is {} after {} repetitions", e.next_repetition, e.repetitions));
    for (const auto& [field, seconds] :
         {std::pair{"seconds", e.seconds}, std::pair{"duration_seconds", e.duration_seconds}})
      require(0.0 <= seconds && seconds <= scenario::kMostSeconds, field, fmt::format("is {}", seconds));
    require(!e.cases.empty(), "cases", "is empty");
  }

  void check_case(const std::string& field, const records::CaseEvidence& one) {
    const Case spec = scenario::case_from_json(one.spec);
    is_launched_ = is_launched_ || !spec.launcher.empty();
    require(one.name == spec.name, field + ".name", "is another than its case's");
    require(one.layout == model::parallel::to_string(spec.layout), field + ".layout",
            "is another than its case's");
    require(one.ranks == spec.layout.world_size(), field + ".ranks",
            fmt::format("is {}, its layout's are {}", one.ranks, spec.layout.world_size()));
    require(one.pool == pool_of(spec), field + ".pool", "is another than its case's");
    require(!one.origin.program.empty(), field + ".origin.program", "is empty");
    require(!one.origin.checkpoint.empty(), field + ".origin.checkpoint", "is empty");
    require(one.failed_rounds <= 2 * static_cast<std::size_t>(evidence_.next_repetition),
            field + ".failed_rounds",
            fmt::format("is {} of {} repetitions", one.failed_rounds, evidence_.next_repetition));
    require(one.errors.size() == std::min(one.failed_rounds, kMostErrors), field + ".errors",
            fmt::format("has {} entries of {} failed rounds", one.errors.size(), one.failed_rounds));
    for (std::size_t index = 0; index < one.errors.size(); ++index) {
      const int repetition = one.errors[index].repetition;
      require(0 <= repetition && repetition < evidence_.next_repetition,
              fmt::format("{}.errors[{}].repetition", field, index), fmt::format("is {}", repetition));
    }
    check_judged(field + ".seconds", one.seconds, one.failed_rounds);
  }

  /// Checks values of which every repetition adds one, unless its round was among those that `failed`.
  void check_judged(const std::string& field, const records::JudgedSeries& series, std::size_t failed) const {
    check(series, field);
    if (series.count == 0) {
      require(repetitions_ <= failed, field, fmt::format("is empty after {} repetitions", repetitions_));
      return;
    }
    require(series.min > 0.0, field, "has a value that is not above 0");
    require(!series.disturbed || undisturbed_ <= failed, field,
            fmt::format("is of disturbed repetitions, though {} were not", undisturbed_));
    const std::size_t most = series.disturbed ? repetitions_ - undisturbed_ : undisturbed_;
    require(series.count <= most && series.count + failed >= most, field,
            fmt::format("has {} values of {} {} repetitions", series.count, most,
                        series.disturbed ? "disturbed" : "undisturbed"));
  }

  void check_ranks() {
    const auto& ranks = evidence_.ranks;
    if (ranks.empty()) {
      require(repetitions_ <= largest_->failed_rounds, "ranks",
              fmt::format("is empty after {} repetitions", repetitions_));
      return;
    }
    require(std::cmp_equal(ranks.size(), largest_->ranks), "ranks",
            fmt::format("has {} entries of {} ranks", ranks.size(), largest_->ranks));
    for (std::size_t rank = 0; rank < ranks.size(); ++rank)
      check_rank(fmt::format("ranks[{}]", rank), ranks[rank]);
  }

  void check_rank(const std::string& field, const records::RankEvidence& rank) {
    require(!rank.host.empty(), field + ".host", "is empty");
    std::size_t trials = 0;
    for (const auto& [result, count] : rank.results) trials += count;
    require(1 <= trials && trials <= repetitions_ && trials + largest_->failed_rounds >= repetitions_,
            field + ".results", fmt::format("has {} trials of {} repetitions", trials, repetitions_));
    if (trials_ == 0) trials_ = trials;
    require(trials == trials_, field + ".results",
            fmt::format("has {} trials, those of rank 0 were {}", trials, trials_));
    check_rates(field + ".memory", rank.memory);
    check_rates(field + ".compute", rank.compute);
    require(rank.corrupt_copies <= trials, field + ".corrupt_copies",
            fmt::format("is {} of {} trials", rank.corrupt_copies, trials));
  }

  /// Checks rates of which every trial of the machine adds one.
  void check_rates(const std::string& field, const records::JudgedSeries& rates) const {
    check_judged(field, rates, largest_->failed_rounds);
    const records::JudgedSeries& first = evidence_.ranks.front().memory;
    require(rates.count > 0, field, "is empty");
    require(rates.count == first.count && rates.disturbed == first.disturbed, field,
            fmt::format("has {} values, 'ranks[0].memory' has {}", rates.count, first.count));
  }

  void check_links() const {
    const auto& links = evidence_.links;
    const std::size_t ranks = evidence_.ranks.size();
    const std::size_t pairs = ranks < 2 ? 0 : ranks * (ranks - 1) / 2;
    require(links.size() == pairs, "links",
            fmt::format("has {} entries, {} ranks have {} links", links.size(), ranks, pairs));
    auto link = links.begin();
    for (std::size_t lower = 0; lower < ranks; ++lower)
      for (std::size_t upper = lower + 1; upper < ranks; ++upper, ++link)
        check_link(fmt::format("links[{}]", link - links.begin()), *link, lower, upper);
  }

  void check_link(const std::string& field, const records::LinkEvidence& link, std::size_t lower,
                  std::size_t upper) const {
    require(std::cmp_equal(link.lower, lower), field + ".lower",
            fmt::format("is {}, not {}", link.lower, lower));
    require(std::cmp_equal(link.upper, upper), field + ".upper",
            fmt::format("is {}, not {}", link.upper, upper));
    const bool is_within = evidence_.ranks[lower].host == evidence_.ranks[upper].host;
    require(link.within_a_host == is_within, field + ".within_a_host", "is not so by its ranks' hosts");
    check_rates(field + ".bandwidth", link.bandwidth);
    check_rates(field + ".latency", link.latency);
    require(link.corrupt <= 2 * trials_, field + ".corrupt",
            fmt::format("is {} of {} trials", link.corrupt, trials_));
  }

  void check_hosts() const {
    std::set<std::string> names;
    std::size_t readings = 0, disturbed = 0;
    for (std::size_t index = 0; index < evidence_.hosts.size(); ++index) {
      const records::HostEvidence& host = evidence_.hosts[index];
      const std::string field = fmt::format("hosts[{}]", index);
      require(!host.host.empty() && names.insert(host.host).second, field + ".host",
              "is empty or there already");
      require(host.disturbed <= host.readings, field + ".disturbed",
              fmt::format("is {} of {} readings", host.disturbed, host.readings));
      for (const auto& [name, member] : {std::pair{"others", &records::HostEvidence::others},
                                         std::pair{"steal", &records::HostEvidence::steal},
                                         std::pair{"throttled", &records::HostEvidence::throttled}}) {
        const std::string of_series = fmt::format("{}.{}", field, name);
        check(host.*member, of_series);
        require((host.*member).count <= host.readings, of_series,
                fmt::format("has {} values of {} readings", (host.*member).count, host.readings));
      }
      readings += host.readings;
      disturbed += host.disturbed;
    }
    check_readings(readings, disturbed);
    for (const records::RankEvidence& rank : evidence_.ranks)
      require(names.contains(rank.host), "hosts", fmt::format("lacks {}, on which a rank was", rank.host));
  }

  /// Checks the sums over all hosts: every repetition leaves a reading of the harness's host, unless a
  /// launcher starts its ranks, and every trial one to each rank.
  void check_readings(std::size_t readings, std::size_t disturbed) const {
    const std::size_t of_harness = is_launched_ ? 0 : 1;
    const std::size_t in_trials = evidence_.ranks.size();
    const std::size_t fewest = of_harness * repetitions_ + trials_,
                      most = of_harness * repetitions_ + trials_ * in_trials;
    require(fewest <= readings && readings <= most, "hosts",
            fmt::format("has {} readings of {} repetitions", readings, repetitions_));
    const std::size_t busy = repetitions_ - undisturbed_;
    require(busy <= disturbed && disturbed <= busy * (of_harness + in_trials), "undisturbed",
            fmt::format("is {} of {} repetitions, but 'hosts' has {} disturbed readings", undisturbed_,
                        repetitions_, disturbed));
  }

  void check_ballots() const {
    std::map<std::string, std::vector<CountedCase>> pools;
    for (const records::CaseEvidence& one : evidence_.cases) {
      const std::size_t failed = std::min(repetitions_, one.failed_rounds);
      pools[one.pool].push_back({.name = one.name,
                                 .ranks = one.ranks,
                                 .fewest_rounds = std::max(repetitions_ - failed, one.seconds.count),
                                 .next_repetition = evidence_.next_repetition});
    }
    for (const auto& [pool, cases] : pools) {
      const auto ballot = evidence_.ballots.find(pool);
      const bool is_there = ballot != evidence_.ballots.end();
      for (const CountedCase& one : cases)
        require(
            is_there || one.fewest_rounds == 0, "ballots",
            fmt::format("lacks '{}', though '{}' was measured {} times", pool, one.name, one.fewest_rounds));
      if (is_there) check_ballot(fmt::format("ballots.{}", pool), ballot->second, cases);
    }
    for (const auto& [pool, ballot] : evidence_.ballots)
      require(pools.contains(pool), fmt::format("ballots.{}", pool), "is of no case");
  }

  const records::Evidence& evidence_;
  std::size_t repetitions_, undisturbed_;
  const records::CaseEvidence* largest_ = nullptr;  ///< the case whose ranks try the machine
  std::size_t trials_ = 0;                          ///< repetitions in which the machine was tried
  bool is_launched_ = false;
};

}  // namespace

void check(const records::Evidence& evidence) { Check(evidence).run(); }

}  // namespace isoframe::harness::qualify
