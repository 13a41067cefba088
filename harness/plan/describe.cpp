#include "harness/plan/describe.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/plan/bound.h"
#include "model/parallel/mesh.h"
#include "reports/format.h"

namespace isoframe::harness::plan {

using model::plan::RankPlan;
using model::plan::StagePlan;

namespace {

using Rows = std::vector<std::vector<std::string>>;

/// An indented table, its first column aligned to the left, the others to the right.
std::string aligned(const Rows& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line = "  ";
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i == 0 ? fmt::format("{:<{}}", row[i], widths[i]) : fmt::format("  {:>{}}", row[i], widths[i]);
    text += line + "\n";
  }
  return text;
}

std::string bytes(double count) { return count == 0.0 ? "-" : reports::bytes(count); }

/// "1.93 TFLOP".
std::string flops(double count) {
  constexpr std::pair<double, const char*> kUnits[] = {
      {1e18, "E"}, {1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}};
  for (const auto& [unit, prefix] : kUnits)
    if (count >= unit) return fmt::format("{} {}FLOP", reports::significant(count / unit), prefix);
  return count == 0.0 ? "-" : fmt::format("{:.0f} FLOP", count);
}

/// A range as "0-76", "-" if it is empty.
std::string range(const model::parallel::Range& range) {
  if (range.length == 0) return "-";
  if (range.length == 1) return fmt::format("{}", range.begin);
  return fmt::format("{}-{}", range.begin, range.begin + range.length - 1);
}

std::string mesh(const model::parallel::Layout& layout) {
  std::string text;
  for (const std::string& name : model::parallel::dimension_names()) {
    const auto groups = model::parallel::group_ranks(layout, name);
    if (groups.front().size() == 1) continue;
    std::vector<std::string> shown;
    for (const auto& ranks : groups) shown.push_back(fmt::format("{{{}}}", fmt::join(ranks, " ")));
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", name, fmt::join(shown, " "));
  }
  return text.empty() ? "one rank" : text;
}

std::string head(const CasePlan& plan) {
  const model::plan::Generation& generation = plan.generation;
  const model::parallel::PassShape shape =
      pass_shape(plan.model, generation, generation.prompt, plan.machine.element_bytes());
  return fmt::format(
      "{}: {}, {} x {}, {} frames, {} steps, {}, {}\n  mesh: {}\n  tokens: {} video, {} condition{}\n",
      plan.spec.name, model::parallel::to_string(plan.spec.layout), generation.height, generation.width,
      generation.frames, generation.steps, plan.dtype, plan.source, mesh(plan.spec.layout),
      shape.video_tokens, shape.condition_tokens,
      plan.counts_tokens ? "" : " (the text's estimated, four bytes a token)");
}

double moved(const RankPlan& rank, bool is_sent) {
  double sum = 0.0;
  for (const StagePlan& stage : rank.stages)
    for (const auto& [collective, traffic] : stage.traffic)
      sum += static_cast<double>(is_sent ? traffic.sent : traffic.received);
  return sum;
}

std::string holder_of_peak(const RankPlan& rank) {
  return std::ranges::max_element(rank.stages, {}, &StagePlan::peak_bytes)->name;
}

std::string rank_table(const CasePlan& plan) {
  const bool has_image = plan.generation.has_image();
  Rows rows = {{"rank", "video tokens", "heads", has_image ? "tiles encoded, decoded" : "tiles", "weights",
                "peak tensors", "in", "sent", "received"}};
  for (const RankPlan& rank : plan.ranks) {
    const std::string tiles = has_image ? fmt::format("{}, {}", rank.encode_tiles, rank.decode_tiles)
                                        : fmt::format("{}", rank.decode_tiles);
    rows.push_back({fmt::format("{}", rank.rank), range(rank.video_tokens), range(rank.heads), tiles,
                    bytes(static_cast<double>(rank.weights() * plan.machine.element_bytes())),
                    bytes(static_cast<double>(rank.peak_tensor_bytes())), holder_of_peak(rank),
                    bytes(moved(rank, true)), bytes(moved(rank, false))});
  }
  return aligned(rows);
}

/// A stage summed over all ranks, except its peak memory, which is the largest rank's.
std::string stage_table(const CasePlan& plan, const std::optional<Bound>& bound) {
  Rows rows = {{"stage", "arithmetic", "memory traffic", "sent", "peak tensors"}};
  if (bound) rows.front().insert(rows.front().end(), {"at least s", "limited by"});
  for (std::size_t i = 0; i < plan.ranks.front().stages.size(); ++i) {
    model::plan::Work work;
    double sent = 0.0, peak = 0.0;
    for (const RankPlan& rank : plan.ranks) {
      work += rank.stages[i].work;
      peak = std::max(peak, static_cast<double>(rank.stages[i].peak_bytes));
      for (const auto& [collective, traffic] : rank.stages[i].traffic)
        sent += static_cast<double>(traffic.sent);
    }
    rows.push_back(
        {plan.ranks.front().stages[i].name, flops(work.flops), bytes(work.bytes), bytes(sent), bytes(peak)});
    if (bound)
      rows.back().insert(rows.back().end(),
                         {reports::significant(bound->stages[i].seconds), bound->stages[i].limited_by});
  }
  return aligned(rows);
}

std::string collective_table(const CasePlan& plan) {
  model::parallel::PredictedTraffic sum;
  for (const auto& traffic : traffic_of(plan)) add_traffic(sum, traffic);
  if (sum.empty()) return {};
  Rows rows = {{"collective", "sent by all ranks", "received"}};
  for (const auto& [key, moved] : sum)
    rows.push_back({fmt::format("{} {}", key.first, key.second), bytes(static_cast<double>(moved.sent)),
                    bytes(static_cast<double>(moved.received))});
  return aligned(rows);
}

std::string bound_line(const Bound& bound, const Device& device) {
  return fmt::format("  at least {} s on {}; {} of {} a device: {}\n", reports::significant(bound.seconds),
                     device.name, reports::bytes(bound.memory_bytes), reports::bytes(device.memory_bytes),
                     bound.fits ? "fits" : "does not fit");
}

}  // namespace

std::string text_of(const CasePlan& plan, const std::optional<Device>& device) {
  const std::optional<Bound> bound = device ? std::optional(bound_of(plan, *device)) : std::nullopt;
  return head(plan) + rank_table(plan) + stage_table(plan, bound) + collective_table(plan) +
         (bound ? bound_line(*bound, *device) : "");
}

}  // namespace isoframe::harness::plan
