#include "harness/judge/stage_regressions.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/units.h"
#include "reports/records/stages.h"

namespace isoframe::harness::judge {

using records::CaseResult;
using records::kOuterStages;
using records::RankResult;

namespace {

using Times = std::vector<double>;

Times divided(Times times, const Times& units) {
  times.resize(std::min(times.size(), units.size()));
  for (std::size_t i = 0; i < times.size(); ++i) times[i] /= units[i];
  return times;
}

/// Work of a rank in a stage, one entry a repetition.
Times busy(const CaseResult& result, std::size_t rank, std::string_view stage) {
  if (rank >= result.ranks.size()) return {};
  const auto found = result.ranks[rank].busy.find(std::string(stage));
  return found == result.ranks[rank].busy.end() ? Times() : found->second;
}

/// Unit of a baseline's times: what its rank took in each round for always the same piece of work.
Times yardstick(const CaseResult& result, std::size_t rank, Times records::Yardsticks::*clock) {
  if (rank >= result.ranks.size() || !result.ranks[rank].yardstick) return {};
  return *result.ranks[rank].yardstick.*clock;
}

double sum(const Times& times) { return std::accumulate(times.begin(), times.end(), 0.0); }

/// Part of a rank's work that a stage takes.
double part_of_work(const CaseResult& result, std::size_t rank, std::string_view stage) {
  double all = 0.0;
  for (const std::string_view other : kOuterStages) all += sum(busy(result, rank, other));
  return all > 0.0 ? sum(busy(result, rank, stage)) / all : 0.0;
}

/// Adds times of the same rounds.
void add(Times& total, const Times& times) {
  total.resize(std::max(total.size(), times.size()));
  for (std::size_t i = 0; i < times.size(); ++i) total[i] += times[i];
}

/// Work of all ranks in each round.
Times work(const CaseResult& result) {
  Times total;
  for (std::size_t rank = 0; rank < result.ranks.size(); ++rank)
    for (const std::string_view stage : kOuterStages) add(total, busy(result, rank, stage));
  return total;
}

Times yardsticks(const CaseResult& result) {
  Times total;
  for (std::size_t rank = 0; rank < result.ranks.size(); ++rank)
    add(total, yardstick(result, rank, &records::Yardsticks::busy_seconds));
  return total;
}

/// Work of a rank in a stage, in units of the baseline's; empty if it was not measured.
Times relative_busy(const Side& side, std::size_t rank, std::string_view stage) {
  return divided(busy(side.result, rank, stage),
                 side.baseline == nullptr ? yardstick(side.result, rank, &records::Yardsticks::busy_seconds)
                                          : busy(*side.baseline, 0, stage));
}

/// Row and column of the rank's tiles in a stage; empty in stages without.
std::vector<std::pair<std::int64_t, std::int64_t>> tiles_of(const RankResult& rank, std::string_view stage) {
  std::vector<records::TileTime> ran;
  if (stage == "decode") ran = rank.tiles;
  if (stage == "encode" && rank.encode_tiles) ran = *rank.encode_tiles;
  std::vector<std::pair<std::int64_t, std::int64_t>> tiles;
  for (const records::TileTime& tile : ran) tiles.emplace_back(tile.row, tile.column);
  std::ranges::sort(tiles);
  return tiles;
}

/// A stage on one rank, with its times beside the earlier run's.
struct RankStage {
  std::string stage;
  int rank;
  Repeated measured;
};

std::vector<RankStage> judged_stages(const Side& now, const Side& then) {
  std::vector<RankStage> judged;
  const std::size_t ranks = std::min(now.result.ranks.size(), then.result.ranks.size());
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    for (const std::string_view stage : kOuterStages) {
      if (std::max(part_of_work(now.result, rank, stage), part_of_work(then.result, rank, stage)) <
          kSmallestPart)
        continue;
      // Tiles are shared out by what they cost that day: other tiles take another time.
      if (tiles_of(now.result.ranks[rank], stage) != tiles_of(then.result.ranks[rank], stage)) continue;
      const auto busy_of = [&](const Side& side) {
        return rank < side.result.ranks.size() &&
                       tiles_of(side.result.ranks[rank], stage) == tiles_of(now.result.ranks[rank], stage)
                   ? relative_busy(side, rank, stage)
                   : Times();
      };
      auto measured = unpaired(now, busy_of(now), times_of_runs(then, busy_of));
      if (measured) judged.push_back({std::string(stage), static_cast<int>(rank), *std::move(measured)});
    }
  }
  return judged;
}

ErrorBudget budget_of_each(ErrorBudget budget, const std::vector<RankStage>& judged) {
  return budget.part(1.0 / static_cast<double>(std::max<std::size_t>(1, judged.size())));
}

std::vector<std::int64_t> excess(const RankResult& now, const RankResult& then) {
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < std::min(now.live_tensor_bytes.size(), then.live_tensor_bytes.size()); ++i)
    result.push_back(static_cast<std::int64_t>(now.live_tensor_bytes[i].bytes) -
                     static_cast<std::int64_t>(then.live_tensor_bytes[i].bytes));
  return result;
}

}  // namespace

Times relative_times(const Side& side) {
  return divided(side.result.latency.total_seconds,
                 side.baseline == nullptr ? yardstick(side.result, 0, &records::Yardsticks::seconds)
                                          : side.baseline->latency.total_seconds);
}

Times relative_work(const Side& side) {
  return divided(work(side.result),
                 side.baseline == nullptr ? yardsticks(side.result) : work(*side.baseline));
}

std::optional<Repeated> unpaired(const Side& now, Times current, std::vector<Times> earlier) {
  if (std::min({current.size(), earlier.at(0).size(), now.repeat}) < kFewestPairs) return std::nullopt;
  std::erase_if(earlier, [](const Times& times) { return times.size() < 2; });
  const bool is_again = current.size() - kFewestPairs >= now.repeat;
  std::string flaw;
  for (const Times& times : earlier)
    if (flaw.empty()) flaw = flaw_of(current, times);
  return Repeated{
      [current = std::move(current), earlier = std::move(earlier)](Repetitions part, double confidence) {
        return metrics::ratio_interval_to_runs(part.of(current), earlier, confidence);
      },
      now.repeat, is_again, std::move(flaw)};
}

std::optional<SlowStage> slowest_stage(const Side& now, const Side& then, double limit, ErrorBudget budget) {
  const std::vector<RankStage> judged = judged_stages(now, then);
  budget = budget_of_each(budget, judged);
  std::optional<SlowStage> slowest;
  for (const auto& [stage, rank, measured] : judged) {
    if (slowness(measured, limit, budget) != Slowness::kCertain) continue;
    const metrics::RatioInterval interval = measured.interval({}, budget.confidence());
    if (!slowest || interval.ratio > slowest->interval.ratio) slowest = SlowStage{stage, rank, interval};
  }
  return slowest;
}

bool any_stage_seems_slower(const Side& now, const Side& then, double limit, ErrorBudget budget) {
  const std::vector<RankStage> judged = judged_stages(now, then);
  budget = budget_of_each(budget, judged);
  return std::ranges::any_of(judged,
                             [&](const RankStage& one) { return seems_slower(one.measured, limit, budget); });
}

std::vector<std::string> moved_tiles(const CaseResult& now, const CaseResult& then) {
  std::vector<std::string> moved;
  for (const std::string_view stage : kOuterStages) {
    std::vector<std::string> ranks;
    for (std::size_t rank = 0; rank < std::min(now.ranks.size(), then.ranks.size()); ++rank)
      if (tiles_of(now.ranks[rank], stage) != tiles_of(then.ranks[rank], stage))
        ranks.push_back(std::to_string(rank));
    if (!ranks.empty())
      moved.push_back(
          fmt::format("{} on rank{} {} has other tiles than in the earlier run: its time is judged "
                      "within the total only",
                      stage, ranks.size() == 1 ? "" : "s", fmt::join(ranks, ", ")));
  }
  return moved;
}

std::string sentence(const SlowStage& slow) {
  return fmt::format("{} on rank {} takes {:.2f}x ({:.2f}x to {:.2f}x) its time there", slow.stage, slow.rank,
                     slow.interval.ratio, slow.interval.lower, slow.interval.upper);
}

std::optional<KeptMemory> first_kept(const CaseResult& now, const CaseResult& then, std::int64_t allowed) {
  std::optional<KeptMemory> most;
  for (std::size_t rank = 0; rank < std::min(now.ranks.size(), then.ranks.size()); ++rank) {
    const std::vector<std::int64_t> more = excess(now.ranks[rank], then.ranks[rank]);
    if (more.empty() || more.back() <= std::max(allowed, most ? most->total : 0)) continue;
    // It begins after the first step or stage that keeps a good part of what one adds on average.
    const std::int64_t part = more.back() / static_cast<std::int64_t>(2 * more.size());
    const auto first = std::ranges::find_if(more, [&](std::int64_t bytes) { return bytes > part; });
    const records::LiveTensors& after =
        now.ranks[rank].live_tensor_bytes[static_cast<std::size_t>(first - more.begin())];
    most = KeptMemory{after.stage, after.step, static_cast<int>(rank), *first, more.back()};
  }
  return most;
}

std::string sentence(const KeptMemory& kept) {
  const std::string step = kept.step ? fmt::format(" step {}", *kept.step) : "";
  return fmt::format("{}{} on rank {} leaves {:.1f} MiB behind, {:.1f} MiB in the end", kept.stage, step,
                     kept.rank, static_cast<double>(kept.bytes) / base::kMebibyte,
                     static_cast<double>(kept.total) / base::kMebibyte);
}

}  // namespace isoframe::harness::judge
