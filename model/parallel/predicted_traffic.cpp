#include "model/parallel/predicted_traffic.h"

#include "model/parallel/rank_share.h"
#include "model/parallel/split.h"

namespace isoframe::model::parallel {

namespace {

/// Bytes of a float32, in which partial attention is merged.
constexpr std::int64_t kMergedBytes = 4;

class Ledger {
 public:
  explicit Ledger(std::int64_t element_bytes) : element_bytes_(element_bytes) {}

  /// Numbers, `times` over.
  void add(const char* group, const char* collective, std::int64_t sent, std::int64_t received,
           std::int64_t times) {
    add_bytes(group, collective, sent * element_bytes_, received * element_bytes_, times);
  }
  void add_bytes(const char* group, const char* collective, std::int64_t sent, std::int64_t received,
                 std::int64_t times) {
    if (times * (sent + received) == 0) return;
    Bytes& bytes = traffic_[{group, collective}];
    bytes.sent += static_cast<std::uint64_t>(sent * times);
    bytes.received += static_cast<std::uint64_t>(received * times);
  }
  std::int64_t element_bytes() const { return element_bytes_; }
  PredictedTraffic traffic() && { return std::move(traffic_); }

 private:
  std::int64_t element_bytes_;
  PredictedTraffic traffic_;
};

void add_ulysses(Ledger& ledger, const Layout& layout, const RankShare& share, const PassShape& shape) {
  const std::int64_t others = layout.ulysses - 1;
  const std::int64_t other_rows = share.block - share.rows;
  const std::int64_t other_heads = share.heads - share.own_heads;
  const std::int64_t out = share.rows * other_heads * shape.head_dim;
  const std::int64_t in = other_rows * share.own_heads * shape.head_dim;
  ledger.add("ulysses", "all_to_all", 3 * out + in, 3 * in + out, shape.blocks);
  const std::int64_t condition = shape.condition_tokens * share.own_heads * shape.head_dim * others;
  ledger.add("ulysses", "all_gather", condition, condition, shape.blocks);
  ledger.add("ulysses", "all_gather", share.rows * others * shape.output_width,
             other_rows * shape.output_width, 1);
}

void add_ring(Ledger& ledger, const Layout& layout, const RankShare& share, const PassShape& shape) {
  const std::int64_t others = layout.ring - 1;
  const std::int64_t next_block = share.blocks.sizes[(share.ring + 1) % layout.ring];
  const std::int64_t key_and_value = 2 * share.own_heads * shape.head_dim;
  ledger.add("ring", "exchange", key_and_value * (shape.video_tokens - next_block),
             key_and_value * (shape.video_tokens - share.block), shape.blocks);
  const std::int64_t parts =
      kMergedBytes * shape.condition_tokens * share.own_heads * (shape.head_dim + 1) * others;
  ledger.add_bytes("ring", "all_gather", parts, parts, shape.blocks);
  ledger.add("ring", "all_gather", share.block * others * shape.output_width,
             (shape.video_tokens - share.block) * shape.output_width, 1);
}

/// `times` sums of [rows, heads x head_dim].
void add_sums(PredictedTraffic& traffic, const Layout& layout, Reduction reduction, int rank,
              const PassShape& shape, std::int64_t rows, std::int64_t times) {
  const std::int64_t numbers = rows * shape.heads * shape.head_dim;
  add_traffic(traffic, predicted_sum(layout, reduction, rank, numbers, shape.element_bytes), times);
}

}  // namespace

void add_traffic(PredictedTraffic& sum, const PredictedTraffic& more, std::int64_t times) {
  for (const auto& [collective, bytes] : more) {
    sum[collective].sent += bytes.sent * static_cast<std::uint64_t>(times);
    sum[collective].received += bytes.received * static_cast<std::uint64_t>(times);
  }
}

PredictedTraffic predicted_pass(const Layout& layout, Reduction reduction, int rank, const PassShape& shape) {
  const RankShare share(layout, rank, shape);
  Ledger ledger(shape.element_bytes);
  if (layout.ulysses > 1) add_ulysses(ledger, layout, share, shape);
  if (layout.ring > 1) add_ring(ledger, layout, share, shape);
  PredictedTraffic traffic = std::move(ledger).traffic();
  add_sums(traffic, layout, reduction, rank, shape, share.rows, 2 * shape.blocks);
  add_sums(traffic, layout, reduction, rank, shape, shape.condition_tokens, 2 * shape.blocks);
  add_sums(traffic, layout, reduction, rank, shape, shape.text_tokens, 2 * shape.refiner_blocks);
  return traffic;
}

PredictedTraffic predicted_sum(const Layout& layout, Reduction reduction, int rank, std::int64_t numbers,
                               std::int64_t element_bytes) {
  Ledger ledger(element_bytes);
  const int ranks = layout.tensor;
  if (reduction == Reduction::kFast) {
    const std::int64_t moved = numbers * element_bytes * 2 * (ranks - 1) / ranks;
    ledger.add_bytes("tensor", "all_reduce", moved, moved, 1);
  } else if (ranks > 1) {
    const std::int64_t own = split_evenly(numbers, ranks).sizes[rank % ranks];
    const std::int64_t to_others = own * (ranks - 1);
    ledger.add("tensor", "all_to_all", numbers - own, to_others, 1);
    ledger.add("tensor", "all_gather", to_others, numbers - own, 1);
  }
  return std::move(ledger).traffic();
}

PredictedTraffic predicted_guidance(const Layout& layout, std::uint64_t bytes) {
  if (layout.cfg == 1) return {};
  return {{{"cfg", "all_gather"}, {bytes, bytes}}};
}

}  // namespace isoframe::model::parallel
