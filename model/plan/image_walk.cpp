#include "model/plan/image_walk.h"

#include <algorithm>
#include <cmath>

namespace isoframe::model::plan {

namespace {

constexpr std::int64_t kColours = 3;

/// One side of the picture as vision::resize_and_crop leaves it.
struct Side {
  std::int64_t source;    ///< pixels in the file
  std::int64_t covering;  ///< after resizing, before the cut
  std::int64_t kept;

  /// Source pixels that Lanczos' three lobes on each side look at.
  std::int64_t seen() const {
    if (covering == source) return kept;
    const double scale = static_cast<double>(source) / static_cast<double>(covering);
    const double reach = 3.0 * std::max(scale, 1.0);
    const double begin = static_cast<double>(covering / 2 - kept / 2);
    const double first = std::max(0.0, (begin + 0.5) * scale - reach);
    const double last =
        std::min(static_cast<double>(source), (begin + static_cast<double>(kept) - 0.5) * scale + reach);
    return static_cast<std::int64_t>(last - first);
  }
};

Held resized(Account& account, const Generation& generation) {
  const std::int64_t height = generation.image_height, width = generation.image_width;
  const Held file = account.hold_bytes(height * width * kColours);
  const bool is_wider = generation.width * height > width * generation.height;
  const Side rows = {height, is_wider ? height * generation.width / width : generation.height,
                     generation.height};
  const Side columns = {width, is_wider ? generation.width : width * generation.height / height,
                        generation.width};
  const bool is_cut = rows.seen() < height || columns.seen() < width;
  const Held seen = account.hold_bytes(is_cut ? rows.seen() * columns.seen() * kColours : 0);
  const Held one_way = account.hold_bytes(rows.seen() * columns.kept * kColours);
  return account.hold_bytes(rows.kept * columns.kept * kColours);
}

/// vision::preprocess: the square that SigLIP sees, as bytes in two orders, as doubles twice, as floats.
Held pixel_values(Account& account, std::int64_t side) {
  const std::int64_t numbers = kColours * side * side;
  const Held bytes = account.hold_bytes(2 * numbers);
  const Held doubles = account.hold_bytes(2 * numbers * static_cast<std::int64_t>(sizeof(double)));
  return account.hold_bytes(numbers * static_cast<std::int64_t>(sizeof(float)));
}

Held layer(Account& account, const vision::SiglipVisionConfig& config) {
  const std::int64_t tokens = config.tokens(), hidden = config.hidden_size;
  Held after_attention;
  {
    const Held normed = account.hold(tokens * hidden);
    Held heads;
    {
      const Held query = linear(account, tokens, hidden, hidden);
      const Held key = linear(account, tokens, hidden, hidden);
      const Held value = linear(account, tokens, hidden, hidden);
      heads = attention(account, {.heads = config.num_attention_heads,
                                  .queries = tokens,
                                  .keys = tokens,
                                  .head_dim = hidden / config.num_attention_heads});
    }
    const Held output = linear(account, tokens, hidden, hidden);
    heads = {};
    after_attention = account.hold(tokens * hidden);
  }
  Held inner;
  {
    const Held normed = account.hold(tokens * hidden);
    inner = linear(account, tokens, hidden, config.intermediate_size);
  }
  const Held output = linear(account, tokens, config.intermediate_size, hidden);
  return account.hold(tokens * hidden);
}

Held vision_tower(Account& account, const vision::SiglipVisionConfig& config) {
  const std::int64_t tokens = config.tokens(), hidden = config.hidden_size;
  const std::int64_t patch = kColours * config.patch_size * config.patch_size;
  Held states;
  {
    const Held patches = account.hold(tokens * patch);
    const Held embedded = linear(account, tokens, patch, hidden);
    states = account.hold(tokens * hidden);
  }
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) states = layer(account, config);
  return account.hold(tokens * hidden);
}

}  // namespace

HeldImage walk_image(Account& account, const ModelConfig& model, const Generation& generation) {
  HeldImage image;
  image.pixels = resized(account, generation);
  const Held pixels = pixel_values(account, model.image_encoder->image_size);
  image.embeds = vision_tower(account, *model.image_encoder);
  return image;
}

}  // namespace isoframe::model::plan
