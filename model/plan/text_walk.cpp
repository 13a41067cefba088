#include "model/plan/text_walk.h"

#include <algorithm>

namespace isoframe::model::plan {

namespace {

/// text::rms_norm: its squares, the scaled states and the result.
Held rms_norm(Account& account, std::int64_t numbers) {
  { const Held squares = account.hold(numbers); }
  const Held scaled = account.hold(numbers);
  return account.hold(numbers);
}

/// A projection and what RoPE makes of it: x cos, the turned halves, turned sin, their sum.
Held rotated(Account& account, std::int64_t tokens, std::int64_t in, std::int64_t out) {
  const Held projected = linear(account, tokens, in, out);
  const Held by_cos = account.hold(tokens * out);
  const Held turned = account.hold(tokens * out);
  const Held by_sin = account.hold(tokens * out);
  return account.hold(tokens * out);
}

Sums sums_of(const Generation& generation, bool is_split) {
  if (!is_split) return {};
  return {.ranks = generation.layout.tensor,
          .reduction = generation.reduction,
          .parts = generation.reduction_parts};
}

int parts_of(const Generation& generation) {
  return std::max(generation.layout.tensor, generation.reduction_parts);
}

/// Qwen2_5_VLTextModel's layer with this rank's share of heads and columns.
class QwenLayer {
 public:
  QwenLayer(Account& account, const text::Qwen2_5_VLTextConfig& config, const Sums& sums, std::int64_t tokens)
      : account_(account),
        sums_(sums),
        tokens_(tokens),
        hidden_(config.hidden_size),
        query_(config.num_attention_heads / sums.ranks * config.head_dim),
        key_(config.num_key_value_heads / sums.ranks * config.head_dim),
        inner_(config.intermediate_size / sums.ranks),
        heads_(config.num_attention_heads / sums.ranks),
        head_dim_(config.head_dim) {}

  Held operator()() const {
    const Held after_attention = attended();
    const Held normed = rms_norm(account_, tokens_ * hidden_);
    Held gate;
    {
      const Held projected = linear(account_, tokens_, hidden_, inner_);
      gate = account_.hold(tokens_ * inner_);
    }
    const Held up = linear(account_, tokens_, hidden_, inner_);
    const Held gated = account_.hold(tokens_ * inner_);
    const Held down = row_parallel_linear(account_, tokens_, inner_, hidden_, sums_);
    return account_.hold(tokens_ * hidden_);
  }

 private:
  /// The residual stream after attention.
  Held attended() const {
    const Held normed = rms_norm(account_, tokens_ * hidden_);
    const Held output = attention_output();
    return account_.hold(tokens_ * hidden_);
  }

  Held attention_output() const {
    const Held query = rotated(account_, tokens_, hidden_, query_);
    Held key, value;
    {
      const Held own = rotated(account_, tokens_, hidden_, key_);
      key = account_.hold(tokens_ * query_);
    }
    {
      const Held own = linear(account_, tokens_, hidden_, key_);
      value = account_.hold(tokens_ * query_);
    }
    const Held heads = attention(
        account_,
        {.heads = heads_, .queries = tokens_, .keys = tokens_, .head_dim = head_dim_, .is_causal = true});
    return row_parallel_linear(account_, tokens_, query_, hidden_, sums_);
  }

  Account& account_;
  Sums sums_;
  std::int64_t tokens_, hidden_, query_, key_, inner_, heads_, head_dim_;
};

/// T5Encoder's block with this rank's share.
class T5Block {
 public:
  T5Block(Account& account, const text::T5EncoderConfig& config, const Sums& sums, std::int64_t tokens)
      : account_(account),
        sums_(sums),
        tokens_(tokens),
        model_(config.d_model),
        heads_(config.num_heads / sums.ranks),
        head_dim_(config.d_kv),
        inner_(config.d_ff / sums.ranks),
        is_gated_(config.feed_forward_proj == text::T5FeedForward::kGatedGelu) {}

  Held operator()() const {
    const Held after_attention = attended();
    const Held normed = rms_norm(account_, tokens_ * model_);
    const Held inner = linear(account_, tokens_, model_, inner_);
    const Held activated = account_.hold(tokens_ * inner_);
    const Held gate = is_gated_ ? linear(account_, tokens_, model_, inner_) : Held();
    const Held gated = account_.hold(is_gated_ ? tokens_ * inner_ : 0);
    const Held out = row_parallel_linear(account_, tokens_, inner_, model_, sums_);
    return account_.hold(tokens_ * model_);
  }

 private:
  Held attended() const {
    const Held normed = rms_norm(account_, tokens_ * model_);
    const Held output = attention_output();
    return account_.hold(tokens_ * model_);
  }

  Held attention_output() const {
    const std::int64_t width = heads_ * head_dim_;
    Held heads;
    {
      const Held query = linear(account_, tokens_, model_, width);
      const Held key = linear(account_, tokens_, model_, width);
      const Held value = linear(account_, tokens_, model_, width);
      heads =
          attention(account_, {.heads = heads_, .queries = tokens_, .keys = tokens_, .head_dim = head_dim_});
    }
    return row_parallel_linear(account_, tokens_, width, model_, sums_);
  }

  Account& account_;
  Sums sums_;
  std::int64_t tokens_, model_, heads_, head_dim_, inner_;
  bool is_gated_;
};

}  // namespace

Held walk_text_encoder(Account& account, const ModelConfig& model, const Generation& generation,
                       std::int64_t tokens) {
  const text::Qwen2_5_VLTextConfig& config = model.text_encoder;
  const Sums sums = sums_of(generation, splits_text_encoder(model, parts_of(generation)));
  const QwenLayer layer(account, config, sums, tokens);
  Held hidden = account.hold(tokens * config.hidden_size);
  const Held rotary = account.hold(2 * tokens * config.head_dim);
  for (std::int64_t i = 0; i < config.num_hidden_layers - text::kSkippedLayers; ++i) hidden = layer();
  return hidden;
}

Held walk_text_encoder_2(Account& account, const ModelConfig& model, const Generation& generation,
                         std::int64_t tokens) {
  if (tokens == 0) return {};
  const text::T5EncoderConfig& config = model.text_encoder_2;
  const Sums sums = sums_of(generation, splits_text_encoder_2(model, parts_of(generation)));
  const T5Block block(account, config, sums, tokens);
  Held hidden = account.hold(tokens * config.d_model);
  const Held bias = account.hold(config.num_heads / sums.ranks * tokens * tokens);
  for (std::int64_t i = 0; i < config.num_layers; ++i) hidden = block();
  return rms_norm(account, tokens * config.d_model);
}

}  // namespace isoframe::model::plan
