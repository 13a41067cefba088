#include "harness/run/result.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>

#include "harness/run/prediction.h"
#include "harness/scenario/case_json.h"
#include "harness/worker/numerics.h"
#include "metrics/statistics.h"
#include "reports/records/stages.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using records::RankResult;
using records::StageSample;
using records::StageSamples;

namespace {

/// One repetition of a stage on one rank: the sum of its parts ("decode.tile" runs many times), or the list
/// of them for a stage that is counted ("denoise.step").
StageSample stage_sample(const std::string& stage, const std::vector<double>& parts) {
  if (records::is_stage(stage, records::StageKind::kStep)) return parts;
  return std::accumulate(parts.begin(), parts.end(), 0.0);
}

/// The slower of two ranks; of a counted stage, part by part.
StageSample slower(const StageSample& a, const StageSample& b) {
  const auto *one = std::get_if<double>(&a), *other = std::get_if<double>(&b);
  if (one != nullptr && other != nullptr) return std::max(*one, *other);
  const auto *parts = std::get_if<std::vector<double>>(&a), *others = std::get_if<std::vector<double>>(&b);
  std::vector<double> result;
  if (parts == nullptr || others == nullptr) return result;
  std::ranges::transform(*parts, *others, std::back_inserter(result),
                         [](double x, double y) { return std::max(x, y); });
  return result;
}

StageSamples rank_stages(const std::vector<RoundRecords>& rounds, std::size_t rank) {
  StageSamples stages;
  for (const RoundRecords& ranks : rounds) {
    for (const auto& [stage, parts] : ranks[rank].stages) stages[stage].push_back(stage_sample(stage, parts));
    stages[std::string(records::kCommunication)].push_back(ranks[rank].communication_seconds);
  }
  return stages;
}

std::map<std::string, std::vector<double>> rank_busy(const std::vector<RoundRecords>& rounds,
                                                     std::size_t rank) {
  std::map<std::string, std::vector<double>> stages;
  for (const RoundRecords& ranks : rounds)
    for (const auto& [stage, seconds] : ranks[rank].busy) stages[stage].push_back(seconds);
  return stages;
}

/// The yardstick of every round that one was timed in; nothing where none was.
std::optional<records::Yardsticks> rank_yardsticks(const std::vector<RoundRecords>& rounds,
                                                   std::size_t rank) {
  records::Yardsticks all;
  for (const RoundRecords& ranks : rounds) {
    const auto& yardstick = ranks[rank].yardstick;
    if (!yardstick) continue;
    all.seconds.push_back(yardstick->seconds);
    all.busy_seconds.push_back(yardstick->busy_seconds);
  }
  return all.seconds.empty() ? std::nullopt : std::optional(all);
}

/// The largest of those that were measured.
template <typename Rank, typename Member>
std::optional<std::uint64_t> largest(const std::vector<Rank>& ranks, Member member) {
  std::optional<std::uint64_t> result;
  for (const Rank& rank : ranks)
    if (rank.*member) result = std::max(result.value_or(0), *(rank.*member));
  return result;
}

/// Folds a rank's records of all rounds: memory is the largest, fields that do not depend on time are the
/// last round's.
RankResult rank_over_rounds(const std::vector<RoundRecords>& rounds, std::size_t rank) {
  RankResult result;
  static_cast<records::RankFacts&>(result) = rounds.back()[rank];
  result.stages = rank_stages(rounds, rank);
  result.busy = rank_busy(rounds, rank);
  result.yardstick = rank_yardsticks(rounds, rank);
  RoundRecords over_rounds;
  for (const RoundRecords& ranks : rounds) over_rounds.push_back(ranks[rank]);
  for (const auto member :
       {&records::RankFacts::peak_resident_bytes, &records::RankFacts::peak_proportional_bytes,
        &records::RankFacts::peak_tensor_bytes})
    result.*member = largest(over_rounds, member);
  return result;
}

/// The slowest rank's samples of every stage, one a repetition.
StageSamples slowest_stages(const std::vector<RankResult>& ranks) {
  StageSamples slowest;
  for (const RankResult& rank : ranks) {
    for (const auto& [stage, samples] : rank.stages) {
      const auto [found, is_first] = slowest.emplace(stage, samples);
      if (is_first) continue;
      std::vector<StageSample>& most = found->second;
      most.resize(std::min(most.size(), samples.size()));
      for (std::size_t i = 0; i < most.size(); ++i) most[i] = slower(most[i], samples[i]);
    }
  }
  return slowest;
}

double slowest_load(const RoundRecords& ranks) {
  return std::ranges::max_element(ranks, {}, &records::RankRecord::load_seconds)->load_seconds;
}

std::optional<double> median_of(const StageSamples& stages, std::string_view stage) {
  const std::vector<double> samples = records::seconds_of(stages, std::string(stage));
  return samples.empty() ? std::nullopt : std::optional(metrics::median(samples));
}

/// The warnings of all ranks in all rounds, each once.
std::vector<records::Warning> warnings_of(const std::vector<RoundRecords>& rounds) {
  std::vector<records::Warning> warnings;
  for (const RoundRecords& ranks : rounds) {
    for (const records::RankRecord& rank : ranks) {
      for (const records::Warning& warning : rank.warnings) {
        const bool is_known = std::ranges::count(warnings, warning.message, &records::Warning::message) > 0;
        if (!is_known) warnings.push_back(warning);
      }
    }
  }
  return warnings;
}

/// The sum over ranks; nothing where a rank was not measured.
std::optional<std::uint64_t> proportional_sum(const std::vector<RankResult>& ranks) {
  std::uint64_t total = 0;
  for (const RankResult& rank : ranks) {
    if (!rank.peak_proportional_bytes) return std::nullopt;
    total += *rank.peak_proportional_bytes;
  }
  return total;
}

void add_latency(records::CaseRow& row, const records::Latency& latency,
                 const records::CaseResult* baseline) {
  const std::vector<double>& total = latency.total_seconds;
  row.seconds = metrics::median(total);
  row.seconds_min = *std::ranges::min_element(total);
  row.seconds_max = *std::ranges::max_element(total);
  for (const std::string_view stage : records::kOuterStages)
    row.stages[std::string(stage)] = median_of(latency.stages, stage);
  row.stages[std::string(records::kCommunication)] = median_of(latency.stages, records::kCommunication);
  if (baseline == nullptr || baseline->latency.total_seconds.empty()) return;
  row.speedup = metrics::ratio(metrics::median(baseline->latency.total_seconds), *row.seconds);
  if (row.speedup) row.efficiency = *row.speedup / row.world_size;
}

void add_ranks(records::CaseRow& row, const std::vector<RankResult>& ranks) {
  row.peak_resident_bytes = largest(ranks, &RankResult::peak_resident_bytes);
  row.peak_proportional_bytes = largest(ranks, &RankResult::peak_proportional_bytes);
  row.peak_tensor_bytes = largest(ranks, &RankResult::peak_tensor_bytes);
  row.planned_peak_tensor_bytes = largest(ranks, &RankResult::planned_peak_tensor_bytes);
  row.proportional_sum_bytes = proportional_sum(ranks);
  row.collectives = sum_of_collectives(ranks);
  if (ranks[0].decode_balance) row.tiles["decode"] = *ranks[0].decode_balance;
  if (ranks[0].encode_balance) row.tiles["encode"] = *ranks[0].encode_balance;
}

std::optional<double> mean_of(const std::optional<metrics::FrameScores>& scores) {
  return scores ? std::optional(scores->mean) : std::nullopt;
}

records::PublishedRow published_row(const scenario::Case& spec) {
  records::PublishedRow row;
  static_cast<records::PublishedFigures&>(row) = *spec.published;
  row.own = {.height = spec.height,
             .width = spec.width,
             .frames = spec.frames,
             .steps = spec.steps,
             .dtype = spec.dtype,
             .device = spec.device,
             .threads_per_rank = spec.threads_per_rank};
  return row;
}

}  // namespace

records::CaseResult assemble_result(const scenario::Case& spec, const std::vector<RoundRecords>& rounds,
                                    const std::optional<records::Failure>& error,
                                    const records::Environment& environment) {
  records::CaseResult result;
  result.name = spec.name;
  result.task = spec.task;
  result.layout = model::parallel::to_string(spec.layout);
  result.world_size = spec.layout.world_size();
  result.engine = spec.engine;
  result.baseline = spec.baseline;
  result.spec = scenario::to_json(spec);
  result.environment = environment;
  result.environment.threads_per_rank = spec.threads_per_rank;
  result.environment.device = spec.device;
  result.status = error ? records::Status::kError : records::Status::kOk;
  result.error = error;
  if (rounds.empty()) return result;
  for (const RoundRecords& ranks : rounds) {
    result.latency.total_seconds.push_back(ranks[0].total_seconds);
    result.latency.load_seconds.push_back(slowest_load(ranks));
  }
  for (std::size_t rank = 0; rank < rounds[0].size(); ++rank)
    result.ranks.push_back(rank_over_rounds(rounds, rank));
  result.latency.stages = slowest_stages(result.ranks);
  result.numerics = rounds.back()[0].numerics;
  result.warnings = warnings_of(rounds);
  return result;
}

records::CaseRow summary_row(const scenario::Case& spec, const records::CaseResult& result,
                             const records::CaseResult* baseline) {
  records::CaseRow row;
  row.name = spec.name;
  row.task = spec.task;
  row.layout = result.layout;
  row.world_size = result.world_size;
  row.engine = result.engine;
  row.engine_facts = result.engine_facts;
  row.numerics = worker::numerics_class_of(spec);
  row.baseline = result.baseline;
  row.verdict = result.verdict.value_or(records::Verdict::kPassed);
  row.reason = result.reason.value_or("");
  row.warnings = result.warnings;
  row.directory = spec.name;
  row.command = result.command;
  const std::vector<double>& total = result.latency.total_seconds;
  row.repetitions = total.size();
  if (!total.empty()) {
    add_latency(row, result.latency, baseline);
    add_ranks(row, result.ranks);
  }
  if (spec.published) row.published = published_row(spec);
  if (result.quality) {
    row.ssim = mean_of(result.quality->ssim);
    row.psnr = result.quality->psnr.mean;
    if (result.quality->floats) row.relative_l2 = result.quality->floats->relative_l2;
    row.identical = result.quality->identical;
  }
  row.locked = result.locked;
  row.own_single = result.own_single;
  row.first_divergence = result.first_divergence;
  row.not_judged = result.not_judged;
  row.notes = result.notes;
  if (result.quality_self) {
    row.aa = {.identical = result.quality_self->identical,
              .ssim = mean_of(result.quality_self->ssim),
              .psnr = result.quality_self->psnr.mean,
              .seconds_ratio = total.size() > 1 ? metrics::ratio(total[1], total[0]) : std::nullopt};
  }
  return row;
}

}  // namespace isoframe::harness::run
