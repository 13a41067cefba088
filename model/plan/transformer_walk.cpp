#include "model/plan/transformer_walk.h"

#include <array>
#include <utility>

#include "model/parallel/rank_share.h"

namespace isoframe::model::plan {

namespace {

// The transformer's constants that no config names (embeddings.cpp, token_refiner.cpp).
constexpr std::int64_t kTimeChannels = 256;
constexpr std::int64_t kByT5HiddenSize = 2048;
constexpr std::int64_t kRefinerMlpRatio = 4;
/// Bytes of a rotary angle and of a number of merged partial attention.
constexpr std::int64_t kFloatBytes = 4;

using Qkv = std::array<Held, 3>;

struct Streams {
  Held video;
  Held condition;
};

class TransformerWalk {
 public:
  TransformerWalk(Account& account, const ModelConfig& model, const Generation& generation, int rank,
                  const PromptTokens& prompt)
      : account_(account),
        config_(model.transformer),
        has_step_end_(model.hands_on_step_end()),
        layout_(generation.layout),
        shape_(pass_shape(model, generation, prompt, account.machine().element_bytes())),
        share_(generation.layout, rank, shape_),
        glyphs_(prompt.glyphs),
        image_(shape_.condition_tokens - shape_.text_tokens - prompt.glyphs),
        width_(config_.inner_dim()),
        own_width_(share_.heads * config_.attention_head_dim),
        mlp_width_(static_cast<std::int64_t>(static_cast<double>(width_) * config_.mlp_ratio)),
        sums_({.ranks = layout_.tensor,
               .reduction = generation.reduction,
               .parts = generation.reduction_parts}) {}

  Held forward() const {
    const std::int64_t video = shape_.video_tokens, output = shape_.output_width;
    const Held time = time_embedding();
    const Held activated = account_.hold(width_);
    // A shard is a view of the whole until the first block makes new tensors.
    Streams streams;
    {
      const std::int64_t patch = output / config_.out_channels * config_.in_channels;
      const Held patches = account_.hold(video * patch);
      streams.video = linear(account_, video, patch, width_);
    }
    streams.condition = condition_tokens();
    const Held rotary = account_.hold_bytes(kFloatBytes * video * config_.attention_head_dim);
    for (std::int64_t layer = 0; layer < config_.num_layers; ++layer) streams = block();

    Held projected;
    {
      const Held modulation = linear(account_, 1, width_, 2 * width_);
      const Held normed = account_.hold(share_.rows * width_);
      projected = linear(account_, share_.rows, width_, output);
    }
    const Held gathered = gather(std::move(projected), output);
    return account_.hold(video * output);
  }

 private:
  Held silu_mlp(std::int64_t in) const {
    const Held hidden = linear(account_, 1, in, width_);
    return linear(account_, 1, width_, width_);
  }

  /// TimeEmbed.
  Held time_embedding() const {
    Held start = silu_mlp(kTimeChannels);
    if (!has_step_end_) return start;
    const Held end = silu_mlp(kTimeChannels);
    return account_.hold(width_);
  }

  /// Transformer::Impl::embed.
  Held condition_tokens() const {
    std::vector<Held> parts;
    // Embedded tokens live until their type's embedding has been added.
    const auto append = [&](std::int64_t tokens, const Held& /*embedded*/) {
      parts.push_back(account_.hold(tokens * width_));
    };
    if (image_ > 0) append(image_, image_tokens());
    if (glyphs_ > 0) append(glyphs_, glyph_tokens());
    append(shape_.text_tokens, text_tokens());
    return account_.hold(shape_.condition_tokens * width_);
  }

  Held image_tokens() const {
    const std::int64_t in = config_.image_embed_dim;
    const Held normed = account_.hold(image_ * in);
    const Held first = linear(account_, image_, in, in);
    const Held activated = account_.hold(image_ * in);
    const Held second = linear(account_, image_, in, width_);
    return account_.hold(image_ * width_);
  }

  Held glyph_tokens() const {
    const Held normed = account_.hold(glyphs_ * config_.text_embed_2_dim);
    const Held first = linear(account_, glyphs_, config_.text_embed_2_dim, kByT5HiddenSize);
    const Held first_activated = account_.hold(glyphs_ * kByT5HiddenSize);
    const Held second = linear(account_, glyphs_, kByT5HiddenSize, kByT5HiddenSize);
    const Held second_activated = account_.hold(glyphs_ * kByT5HiddenSize);
    return linear(account_, glyphs_, kByT5HiddenSize, width_);
  }

  /// TokenRefiner.
  Held text_tokens() const {
    const std::int64_t text = shape_.text_tokens;
    const Held time = silu_mlp(kTimeChannels);
    const Held pooled = silu_mlp(config_.text_embed_dim);
    Held tokens = linear(account_, text, config_.text_embed_dim, width_);
    for (std::int64_t layer = 0; layer < config_.num_refiner_layers; ++layer) tokens = refiner_block();
    return tokens;
  }

  Held refiner_block() const {
    const std::int64_t text = shape_.text_tokens;
    const Held gates = linear(account_, 1, width_, 2 * width_);
    Held hidden;
    {
      const Held normed = account_.hold(text * width_);
      Held heads;
      {
        const Qkv qkv = projections(text);
        heads = attend(share_.heads, text, text);
      }
      const Held output = row_parallel_linear(account_, text, own_width_, width_, sums_);
      heads = {};
      hidden = account_.hold(text * width_);
    }
    const Held normed = account_.hold(text * width_);
    const Held output = feed_forward(text, kRefinerMlpRatio * width_);
    return hidden;
  }

  Held feed_forward(std::int64_t rows, std::int64_t inner) const {
    const Held hidden = linear(account_, rows, width_, inner / layout_.tensor);
    return row_parallel_linear(account_, rows, inner / layout_.tensor, width_, sums_);
  }

  Qkv projections(std::int64_t rows) const {
    Held query = linear(account_, rows, width_, own_width_);
    Held key = linear(account_, rows, width_, own_width_);
    Held value = linear(account_, rows, width_, own_width_);
    return {std::move(query), std::move(key), std::move(value)};
  }

  Held attend(std::int64_t heads, std::int64_t queries, std::int64_t keys) const {
    return attention(
        account_, {.heads = heads, .queries = queries, .keys = keys, .head_dim = config_.attention_head_dim});
  }

  /// TransformerBlock.  The caller holds the streams that came in.
  Streams block() const {
    const Held video_modulation = linear(account_, 1, width_, 6 * width_);
    const Held condition_modulation = linear(account_, 1, width_, 6 * width_);
    const Qkv video = normed_projections(share_.rows);
    const Qkv condition = normed_projections(shape_.condition_tokens);
    const Streams attended = joint_attention();
    Held video_out = finish(share_.rows, layout_.ring > 1 && layout_.ulysses == 1);
    Held condition_out = finish(shape_.condition_tokens, false);
    return {std::move(video_out), std::move(condition_out)};
  }

  Qkv normed_projections(std::int64_t rows) const {
    const Held normed = account_.hold(rows * width_);
    return projections(rows);
  }

  /// BlockStream::finish.  `is_copied`: attention left the heads in an order that must be copied first.
  Held finish(std::int64_t rows, bool is_copied) const {
    Held result;
    {
      const Held heads = account_.hold(is_copied ? rows * own_width_ : 0);
      const Held output = row_parallel_linear(account_, rows, own_width_, width_, sums_);
      result = account_.hold(rows * width_);
    }
    const Held normed = account_.hold(rows * width_);
    const Held output = feed_forward(rows, mlp_width_);
    return result;
  }

  /// Usp::attend.
  Streams joint_attention() const {
    const std::int64_t condition = shape_.condition_tokens, width = attention_width();
    const std::int64_t others = layout_.ulysses - 1;
    Held joint;
    {
      const Held outgoing = account_.hold(3 * share_.rows * (own_width_ - width));
      const Held incoming = account_.hold(3 * (share_.block - share_.rows) * width);
      joint = account_.hold(3 * (share_.block + condition) * width);
    }
    Streams heads =
        layout_.ring > 1
            ? ring_attention()
            : Streams{attend(share_.own_heads, share_.block + condition, share_.block + condition), {}};
    if (others == 0) return heads;
    Held video;
    {
      const Held outgoing = account_.hold(layout_.ring > 1 ? share_.block * width : 0);
      const Held incoming = account_.hold(others * share_.rows * width);
      video = account_.hold(share_.rows * own_width_);
    }
    const Held incoming = account_.hold(others * condition * width);
    return {std::move(video), account_.hold(condition * own_width_)};
  }

  /// RingAttention: the own block's keys and values, the next ones arriving, the whole and a part of it.
  Streams ring_attention() const {
    const std::int64_t condition = shape_.condition_tokens, width = attention_width();
    Streams whole;
    {
      Held block = account_.hold(2 * share_.block * width);
      for (int step = 0; step < layout_.ring; ++step) {
        const int source = (share_.ring - step + layout_.ring) % layout_.ring;
        const int next = (source - 1 + layout_.ring) % layout_.ring;
        Held arriving = account_.hold(step + 1 < layout_.ring ? 2 * share_.blocks.sizes[next] * width : 0);
        const std::int64_t keys = share_.blocks.sizes[source] + (step == 0 ? condition : 0);
        Held part = partial_attention(share_.block, keys);
        if (step == 0) whole.video = std::move(part);
        block = std::move(arriving);
      }
    }
    const std::int64_t keys = share_.block + (share_.ring == 0 ? condition : 0);
    const std::int64_t part = kFloatBytes * condition * (width + share_.own_heads);
    const Held own = partial_attention(condition, keys);
    const Held packed = account_.hold_bytes(part);
    Held all;
    {
      const Held incoming = account_.hold_bytes((layout_.ring - 1) * part);
      all = account_.hold_bytes(layout_.ring * part);
    }
    const Held later_parts = account_.hold_bytes((layout_.ring - 1) * part);
    whole.condition = account_.hold_bytes(part);
    return whole;
  }

  /// attend_part: the kernel's output is copied into the order of heads, in float32.
  Held partial_attention(std::int64_t queries, std::int64_t keys) const {
    if (queries == 0 || keys == 0) return {};
    const Held output = attend(share_.own_heads, queries, keys);
    return account_.hold_bytes(kFloatBytes * queries * (attention_width() + share_.own_heads));
  }

  Held gather(Held rows, std::int64_t width) const {
    Held block = std::move(rows);
    if (layout_.ulysses > 1) {
      const Held incoming = account_.hold((share_.block - share_.rows) * width);
      block = account_.hold(share_.block * width);
    }
    if (layout_.ring == 1) return block;
    const Held incoming = account_.hold((shape_.video_tokens - share_.block) * width);
    return account_.hold(shape_.video_tokens * width);
  }

  /// Numbers of a token in this rank's heads, once the Ulysses group has shared them out.
  std::int64_t attention_width() const { return share_.own_heads * config_.attention_head_dim; }

  Account& account_;
  const transformer::TransformerConfig& config_;
  bool has_step_end_;
  parallel::Layout layout_;
  parallel::PassShape shape_;
  parallel::RankShare share_;
  std::int64_t glyphs_, image_, width_, own_width_, mlp_width_;
  Sums sums_;
};

}  // namespace

Held walk_transformer(Account& account, const ModelConfig& model, const Generation& generation, int rank,
                      const PromptTokens& prompt) {
  return TransformerWalk(account, model, generation, rank, prompt).forward();
}

}  // namespace isoframe::model::plan
