// JSON of every record, both ways.

#include <algorithm>

#include <fmt/format.h>

#include "reports/records/case_result.h"
#include "reports/records/certificate_record.h"
#include "reports/records/codec.h"
#include "reports/records/divergence.h"
#include "reports/records/history_record.h"
#include "reports/records/metrics.h"
#include "reports/records/origin.h"
#include "reports/records/published.h"
#include "reports/records/qualify_evidence.h"
#include "reports/records/rank.h"
#include "reports/records/round_record.h"
#include "reports/records/run_record.h"
#include "reports/records/selftest_record.h"
#include "reports/records/stage_event.h"
#include "reports/records/trace_record.h"

namespace isoframe::reports::records {

using nlohmann::json;

namespace {

template <typename Record>
Record read(const json& value) {
  Record record{};
  value_from_json(value, record, Path(""));
  return record;
}

/// True for values that the field's comparison takes for the same.
template <typename T>
bool is_alike(Comparison comparison, const T& a, const T& b) {
  if constexpr (std::is_arithmetic_v<T>) {
    constexpr double kMostApart = 1.1;
    const auto [low, high] = std::minmax({static_cast<double>(a), static_cast<double>(b)});
    if (comparison == Comparison::kNear) return high <= kMostApart * low;
  }
  return value_to_json(a) == value_to_json(b);
}

template <typename Record>
std::vector<DifferingFact> differing_facts_of(const Record& now, const Record& earlier) {
  std::vector<DifferingFact> differing;
  for_each_field(now, [&](const auto& field, const auto& own) {
    if (field.comparison == Comparison::kNone) return;
    const auto& its = earlier.*field.member;
    if (is_alike(field.comparison, own, its)) return;
    const auto stated = [&](const auto& value) {
      return field.presence != Presence::kAdded && is_unset(value) ? json() : value_to_json(value);
    };
    differing.push_back({field.name, stated(own).dump(), stated(its).dump()});
  });
  return differing;
}

}  // namespace

json to_json(const Metrics& record) { return value_to_json(record); }
json to_json(const Quality& record) { return value_to_json(record); }
Quality quality_from_json(const json& value) { return read<Quality>(value); }
json to_json(const ComparisonRecord& record) { return value_to_json(record); }
ComparisonRecord comparison_from_json(const json& value) { return read<ComparisonRecord>(value); }

json to_json(const RankRecord& record) { return value_to_json(record); }
RankRecord rank_record_from_json(const json& value) { return read<RankRecord>(value); }
json to_json(const RoundRecord& record) { return value_to_json(record); }
RoundRecord round_record_from_json(const json& value) { return read<RoundRecord>(value); }
json to_json(const std::vector<PredictedRank>& ranks) { return value_to_json(ranks); }
std::vector<PredictedRank> predicted_ranks_from_json(const json& value) {
  return read<std::vector<PredictedRank>>(value);
}
json to_json(const MachineRates& record) { return value_to_json(record); }
MachineRates machine_rates_from_json(const json& value) { return read<MachineRates>(value); }

json to_json(const StageEvents& events) { return value_to_json(events); }
StageEvents stage_events_from_json(const json& value) { return read<StageEvents>(value); }

json to_json(const FirstDivergence& record) { return value_to_json(record); }
FirstDivergence first_divergence_from_json(const json& value) { return read<FirstDivergence>(value); }

json to_json(const LockedRecord& record) { return value_to_json(record); }
LockedRecord locked_record_from_json(const json& value) { return read<LockedRecord>(value); }

json to_json(const Environment& record) { return value_to_json(record); }
Environment environment_from_json(const json& value) { return read<Environment>(value); }
std::vector<DifferingFact> differing_facts(const Environment& now, const Environment& earlier) {
  return differing_facts_of(now, earlier);
}
std::vector<DifferingFact> differing_facts(const Device& now, const Device& earlier) {
  return differing_facts_of(now, earlier);
}

json to_json(const Origin& record) { return value_to_json(record); }
Origin origin_from_json(const json& value) { return read<Origin>(value); }

json to_json(const Failure& record) { return value_to_json(record); }
Failure failure_from_json(const json& value) { return read<Failure>(value); }
json to_json(const CaseResult& record) { return value_to_json(record); }
CaseResult case_result_from_json(const json& value) { return read<CaseResult>(value); }

json to_json(const PublishedFigures& record) { return value_to_json(record); }
PublishedFigures published_figures_from_json(const json& value) { return read<PublishedFigures>(value); }

json to_json(const RunRecord& record) { return value_to_json(record); }
RunRecord run_record_from_json(const json& value) { return read<RunRecord>(value); }
json to_json(const CaseRow& record) { return value_to_json(record); }
CaseRow case_row_from_json(const json& value) { return read<CaseRow>(value); }
json to_json(const SuiteRecord& record) { return value_to_json(record); }
SuiteRecord suite_record_from_json(const json& value) { return read<SuiteRecord>(value); }

json to_json(const HistoryRecord& record) { return value_to_json(record); }
json to_json(const ExpectedPlace& record) { return value_to_json(record); }
json to_json(const SelftestRecord& record) { return value_to_json(record); }

json to_json(const TraceRecord& record) { return value_to_json(record); }
TraceRecord trace_record_from_json(const json& value) { return read<TraceRecord>(value); }
json to_json(const LocateRecord& record) { return value_to_json(record); }
LocateRecord locate_record_from_json(const json& value) { return read<LocateRecord>(value); }

json to_json(const Certificate& record) { return value_to_json(record); }
Certificate certificate_from_json(const json& value) { return read<Certificate>(value); }
json to_json(const Evidence& record) { return value_to_json(record); }
Evidence evidence_from_json(const json& value) { return read<Evidence>(value); }

std::vector<double> seconds_of(const StageSamples& stages, const std::string& stage) {
  std::vector<double> seconds;
  const auto found = stages.find(stage);
  if (found == stages.end()) return seconds;
  for (const StageSample& sample : found->second)
    if (const double* one = std::get_if<double>(&sample)) seconds.push_back(*one);
  return seconds;
}

std::optional<std::uint64_t> CaseResult::peak_tensor_bytes() const {
  std::optional<std::uint64_t> peak;
  for (const RankResult& rank : ranks)
    if (rank.peak_tensor_bytes) peak = std::max(peak.value_or(0), *rank.peak_tensor_bytes);
  return peak;
}

std::string LockedTensor::place() const {
  std::string place = name_of(part);
  if (step) place += fmt::format(" at step {}", *step);
  const bool is_main_result = tensor == "prediction" || tensor == "frames";
  return is_main_result ? place : fmt::format("{} ({})", place, tensor);
}

int RunRecord::count(Verdict verdict) const {
  return static_cast<int>(std::ranges::count(cases, verdict, &CaseRow::verdict));
}

Metrics metrics_of(const metrics::Comparison& comparison) {
  const metrics::FfmpegScores& scores = comparison.ffmpeg;
  return {.psnr = comparison.psnr,
          .psnr_luma = comparison.psnr_luma,
          .ssim = comparison.ssim,
          .ms_ssim = comparison.ms_ssim,
          .eight_bit = {.differing_values = comparison.differing_bytes,
                        .max_difference = comparison.max_byte_difference,
                        .first_differing_frame = comparison.first_different_frame},
          .floats = comparison.floats,
          .temporal = comparison.temporal,
          .pixels = comparison.pixels,
          .worst_region = comparison.worst,
          .lowest_ssim = comparison.lowest_ssim,
          .ffmpeg = {
              .planes = comparison.planes,
              .ssim = {.y = scores.ssim[0], .u = scores.ssim[1], .v = scores.ssim[2], .all = scores.ssim_all},
              .psnr = {.y = scores.psnr[0],
                       .u = scores.psnr[1],
                       .v = scores.psnr[2],
                       .average = scores.psnr_average,
                       .min = scores.psnr_min,
                       .max = scores.psnr_max}}};
}

}  // namespace isoframe::reports::records
