#include "model/parallel/predicted_traffic.h"

#include "model/parallel/split.h"

namespace isoframe::model::parallel {

namespace {

/// Of the float32 in which partial attention is merged.
constexpr std::int64_t kMergedBytes = 4;

/// One rank's place and share of the tokens and heads.
struct Share {
  Share(const Layout& layout, int rank, const PassShape& shape)
      : ulysses(rank / layout.tensor % layout.ulysses),
        ring(rank / (layout.tensor * layout.ulysses) % layout.ring),
        tensor(rank % layout.tensor),
        blocks(split_evenly(shape.video_tokens, layout.ring)),
        block(blocks.sizes[ring]),
        rows(split_evenly(block, layout.ulysses).sizes[ulysses]),
        heads(shape.heads / layout.tensor),
        own_heads(heads / layout.ulysses) {}

  int ulysses, ring, tensor;
  Split blocks;            ///< of the ring
  std::int64_t block;      ///< tokens of the rank's ring block
  std::int64_t rows;       ///< tokens of the rank
  std::int64_t heads;      ///< of the tensor rank
  std::int64_t own_heads;  ///< in attention
};

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

void add_ulysses(Ledger& ledger, const Layout& layout, const Share& share, const PassShape& shape) {
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

void add_ring(Ledger& ledger, const Layout& layout, const Share& share, const PassShape& shape) {
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
void add_sums(Ledger& ledger, const Layout& layout, Reduction reduction, const Share& share,
              const PassShape& shape, std::int64_t rows, std::int64_t times) {
  const std::int64_t count = rows * shape.heads * shape.head_dim;
  if (reduction == Reduction::kFast) {
    const std::int64_t moved = count * ledger.element_bytes() * 2 * (layout.tensor - 1) / layout.tensor;
    ledger.add_bytes("tensor", "all_reduce", moved, moved, times);
    return;
  }
  const std::int64_t own = split_evenly(count, layout.tensor).sizes[share.tensor];
  const std::int64_t to_others = own * (layout.tensor - 1);
  ledger.add("tensor", "all_to_all", count - own, to_others, times);
  ledger.add("tensor", "all_gather", to_others, count - own, times);
}

}  // namespace

PredictedTraffic predicted_pass(const Layout& layout, Reduction reduction, int rank, const PassShape& shape) {
  const Share share(layout, rank, shape);
  Ledger ledger(shape.element_bytes);
  if (layout.ulysses > 1) add_ulysses(ledger, layout, share, shape);
  if (layout.ring > 1) add_ring(ledger, layout, share, shape);
  if (layout.tensor > 1) {
    add_sums(ledger, layout, reduction, share, shape, share.rows, 2 * shape.blocks);
    add_sums(ledger, layout, reduction, share, shape, shape.condition_tokens, 2 * shape.blocks);
    add_sums(ledger, layout, reduction, share, shape, shape.text_tokens, 2 * shape.refiner_blocks);
  }
  return std::move(ledger).traffic();
}

PredictedTraffic predicted_guidance(const Layout& layout, std::uint64_t bytes) {
  if (layout.cfg == 1) return {};
  return {{{"cfg", "all_gather"}, {bytes, bytes}}};
}

}  // namespace isoframe::model::parallel
