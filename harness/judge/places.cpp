#include "harness/judge/places.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/units.h"
#include "reports/records/stages.h"

namespace isoframe::harness::judge {

namespace {

using nlohmann::json;
using Times = std::vector<double>;

Times divided(Times times, const Times& units) {
  times.resize(std::min(times.size(), units.size()));
  for (std::size_t i = 0; i < times.size(); ++i) times[i] /= units[i];
  return times;
}

Times busy(const json& result, std::size_t rank, const std::string& stage) {
  return result.value(json::json_pointer(fmt::format("/ranks/{}/busy/{}", rank, stage)), Times());
}

/// The unit of a baseline's times: what its rank took in each round for always the same piece of work.
Times yardstick(const json& result, std::size_t rank, const char* clock) {
  const json& own = result.at("ranks")[rank].value("yardstick", json());
  return own.is_null() ? Times() : own.at(clock).get<Times>();
}

double sum(const Times& times) { return std::accumulate(times.begin(), times.end(), 0.0); }

/// Of what a rank took alone, how much a stage was.
double share_of(const json& result, std::size_t rank, const std::string& stage) {
  double all = 0.0;
  for (const std::string_view other : reports::records::kOuterStages)
    all += sum(busy(result, rank, std::string(other)));
  return all > 0.0 ? sum(busy(result, rank, stage)) / all : 0.0;
}

/// The same rounds of another place.
void add(Times& total, const Times& times) {
  total.resize(std::max(total.size(), times.size()));
  for (std::size_t i = 0; i < times.size(); ++i) total[i] += times[i];
}

/// What all ranks took alone, in each round.
Times work(const json& result) {
  Times total;
  for (std::size_t rank = 0; rank < result.at("ranks").size(); ++rank)
    for (const std::string_view stage : reports::records::kOuterStages)
      add(total, busy(result, rank, std::string(stage)));
  return total;
}

Times yardsticks(const json& result) {
  Times total;
  for (std::size_t rank = 0; rank < result.at("ranks").size(); ++rank)
    add(total, yardstick(result, rank, "busy_seconds"));
  return total;
}

/// A stage's own time on a rank, in units of the baseline's; empty where it was not measured.
Times relative_busy(const Side& side, std::size_t rank, const std::string& stage) {
  return divided(busy(side.result, rank, stage), side.baseline.is_null()
                                                     ? yardstick(side.result, rank, "busy_seconds")
                                                     : busy(side.baseline, 0, stage));
}

/// The rank's tiles in a stage, as places of the grid; empty in stages without.
std::vector<std::pair<int, int>> tiles_of(const json& result, std::size_t rank, const std::string& stage) {
  std::vector<std::pair<int, int>> tiles;
  const char* const key = stage == "decode" ? "tiles" : stage == "encode" ? "encode_tiles" : "";
  const json& own = result.at("ranks")[rank];
  if (!own.contains(key)) return tiles;
  for (const json& tile : own.at(key)) tiles.emplace_back(tile.at("row"), tile.at("column"));
  std::ranges::sort(tiles);
  return tiles;
}

/// A stage on one rank.
struct Place {
  std::string stage;
  int rank;
  Repeated measured;
};

std::vector<Place> judged_places(const Side& now, const Side& then) {
  std::vector<Place> places;
  const std::size_t ranks = std::min(now.result.at("ranks").size(), then.result.at("ranks").size());
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    for (const std::string_view name : reports::records::kOuterStages) {
      const std::string stage(name);
      if (std::max(share_of(now.result, rank, stage), share_of(then.result, rank, stage)) < kSmallestShare)
        continue;
      // Tiles are shared out by what they cost that day: other tiles take another time.
      if (tiles_of(now.result, rank, stage) != tiles_of(then.result, rank, stage)) continue;
      auto measured = unpaired(now, relative_busy(now, rank, stage), relative_busy(then, rank, stage));
      if (measured) places.push_back({stage, static_cast<int>(rank), *std::move(measured)});
    }
  }
  return places;
}

Share share_of_each(Share share, const std::vector<Place>& places) {
  share.of_case /= static_cast<double>(std::max<std::size_t>(1, places.size()));
  return share;
}

std::vector<std::int64_t> excess(const json& now, const json& then) {
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < std::min(now.size(), then.size()); ++i)
    result.push_back(now[i].at("bytes").get<std::int64_t>() - then[i].at("bytes").get<std::int64_t>());
  return result;
}

}  // namespace

Times relative_times(const Side& side) {
  const auto total = [](const json& result) { return result.at("latency").at("total_seconds").get<Times>(); };
  return divided(total(side.result),
                 side.baseline.is_null() ? yardstick(side.result, 0, "seconds") : total(side.baseline));
}

Times relative_work(const Side& side) {
  return divided(work(side.result), side.baseline.is_null() ? yardsticks(side.result) : work(side.baseline));
}

std::optional<Repeated> unpaired(const Side& now, Times current, Times earlier) {
  const std::size_t repeat = now.result.value("/case/repeat"_json_pointer, SIZE_MAX);
  if (std::min({current.size(), earlier.size(), repeat}) < kFewestPairs) return std::nullopt;
  const bool is_again = current.size() - kFewestPairs >= repeat;
  return Repeated{
      [current = std::move(current), earlier = std::move(earlier)](Repetitions part, double confidence) {
        return metrics::unpaired_ratio_interval(part.of(current), earlier, confidence);
      },
      repeat, is_again};
}

std::optional<SlowPlace> slowest_place(const Side& now, const Side& then, double limit, Share share) {
  const std::vector<Place> places = judged_places(now, then);
  share = share_of_each(share, places);
  std::optional<SlowPlace> slowest;
  for (const auto& [stage, rank, measured] : places) {
    if (slowness(measured, limit, share) != Slowness::kCertain) continue;
    const metrics::RatioInterval interval = measured.interval({}, share.confidence());
    if (!slowest || interval.ratio > slowest->interval.ratio) slowest = SlowPlace{stage, rank, interval};
  }
  return slowest;
}

bool any_place_seems_slower(const Side& now, const Side& then, double limit, Share share) {
  const std::vector<Place> places = judged_places(now, then);
  share = share_of_each(share, places);
  return std::ranges::any_of(places,
                             [&](const Place& place) { return seems_slower(place.measured, limit, share); });
}

std::string sentence(const SlowPlace& place) {
  return fmt::format("{} on rank {} takes {:.2f}x ({:.2f}x to {:.2f}x) its time there", place.stage,
                     place.rank, place.interval.ratio, place.interval.lower, place.interval.upper);
}

std::optional<KeptPlace> first_kept(const json& now, const json& then, std::int64_t allowed) {
  std::optional<KeptPlace> most;
  for (std::size_t rank = 0; rank < std::min(now.size(), then.size()); ++rank) {
    const json& places = now[rank].value("live_tensor_bytes", json::array());
    const std::vector<std::int64_t> more =
        excess(places, then[rank].value("live_tensor_bytes", json::array()));
    if (more.empty() || more.back() <= std::max(allowed, most ? most->total : 0)) continue;
    // Where it begins: the first place that keeps a good part of what one place adds on average.
    const std::int64_t share = more.back() / static_cast<std::int64_t>(2 * more.size());
    const auto first = std::ranges::find_if(more, [&](std::int64_t bytes) { return bytes > share; });
    const json& place = places[static_cast<std::size_t>(first - more.begin())];
    most = KeptPlace{place.at("stage").get<std::string>(),
                     place.at("step").is_null() ? -1 : place.at("step").get<std::int64_t>(),
                     static_cast<int>(rank), *first, more.back()};
  }
  return most;
}

std::string sentence(const KeptPlace& place) {
  const std::string step = place.step < 0 ? "" : fmt::format(" step {}", place.step);
  return fmt::format("{}{} on rank {} leaves {:.1f} MiB behind, {:.1f} MiB in the end", place.stage, step,
                     place.rank, static_cast<double>(place.bytes) / base::kMebibyte,
                     static_cast<double>(place.total) / base::kMebibyte);
}

}  // namespace isoframe::harness::judge
