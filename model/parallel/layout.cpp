#include "model/parallel/layout.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/did_you_mean.h"
#include "base/error.h"

namespace isoframe::model::parallel {

namespace {

struct Dimension {
  std::string_view name;
  int Layout::*size;
};

constexpr std::array<Dimension, 5> kDimensions = {{
    {"ulysses", &Layout::ulysses},
    {"ring", &Layout::ring},
    {"cfg", &Layout::cfg},
    {"tensor", &Layout::tensor},
    {"vae_patch", &Layout::vae_patch},
}};

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = text.find(separator);
    parts.push_back(trim(text.substr(0, end)));
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  return parts;
}

const Dimension& dimension(std::string_view name, const std::string& text) {
  const auto found = std::ranges::find(kDimensions, name, &Dimension::name);
  if (found != kDimensions.end()) return *found;
  const std::string hint = base::did_you_mean(name, dimension_names());
  throw InputError(
      fmt::format("layout '{}': unknown name '{}'{}", text, name,
                  hint.empty() ? "; the names are ulysses, ring, cfg, tensor and vae_patch" : hint));
}

int parse_size(std::string_view value, std::string_view name, const std::string& text) {
  int size = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
  const bool is_whole = error == std::errc() && end == value.data() + value.size();
  if (error == std::errc::result_out_of_range || (is_whole && size > kMaxRanks)) {
    throw InputError(
        fmt::format("layout '{}': {}={} is more than {} ranks; use fewer", text, name, value, kMaxRanks));
  }
  if (!is_whole || size < 1) {
    throw InputError(fmt::format("layout '{}': {} must be a positive integer, not '{}'; write e.g. {}=2",
                                 text, name, value, name));
  }
  return size;
}

/// The rules that need nothing but the layout.
void check_sizes(const Layout& layout) {
  for (const Dimension& dimension : kDimensions) {
    const int size = layout.*dimension.size;
    if (size < 1 || size > kMaxRanks) {
      throw InputError(fmt::format("layout: {}={} is not from 1 to {}", dimension.name, size, kMaxRanks));
    }
  }
  const std::string text = to_string(layout);
  if (layout.cfg > 2) {
    throw InputError(fmt::format(
        "layout '{}': cfg={} is more than the two passes of guidance; use cfg=1 or 2", text, layout.cfg));
  }
  // The product needs 64 bits: four sizes of at most kMaxRanks each.
  const std::int64_t ranks = std::int64_t{layout.ulysses} * layout.ring * layout.cfg * layout.tensor;
  if (ranks > kMaxRanks) {
    throw InputError(fmt::format("layout '{}' has {} ranks; use at most {}", text, ranks, kMaxRanks));
  }
  if (layout.vae_patch > ranks) {
    Layout without = layout;
    without.vae_patch = 1;
    throw InputError(fmt::format(
        "vae_patch={} needs at least {} ranks, '{}' has {}; use vae_patch={}{}, or more ranks",
        layout.vae_patch, layout.vae_patch, to_string(without), ranks, ranks, ranks > 1 ? " or less" : ""));
  }
}

/// "1, 2, 4, 8 or 16".
std::string divisors(std::int64_t number) {
  std::string list;
  for (std::int64_t divisor = 1; divisor <= number; ++divisor) {
    if (number % divisor != 0) continue;
    list += fmt::format("{}{}", divisor == 1 ? "" : divisor == number ? " or " : ", ", divisor);
  }
  return list;
}

/// Ulysses and tensor sizes whose product divides `heads`, with the fewest ranks more or less; vae_patch is
/// cut to the ranks that are left.
Layout nearest_that_divides(const Layout& layout, std::int64_t heads) {
  Layout nearest = layout;
  int fewest = std::numeric_limits<int>::max();
  for (int ulysses = 1; ulysses <= heads; ++ulysses) {
    for (int tensor = 1; ulysses * tensor <= heads; ++tensor) {
      const int changes = std::abs(ulysses - layout.ulysses) + std::abs(tensor - layout.tensor);
      if (heads % (ulysses * tensor) != 0 || changes >= fewest) continue;
      fewest = changes;
      nearest.ulysses = ulysses;
      nearest.tensor = tensor;
    }
  }
  nearest.vae_patch = std::min(nearest.vae_patch, nearest.world_size());
  return nearest;
}

}  // namespace

const std::vector<std::string>& dimension_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Dimension& dimension : kDimensions) list.emplace_back(dimension.name);
    return list;
  }();
  return names;
}

int size_of(const Layout& layout, const std::string& name) { return layout.*dimension(name, name).size; }

Layout parse_layout(const std::string& text) {
  Layout layout;
  if (trim(text) == "single") return layout;
  std::vector<const Dimension*> named;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      throw InputError(fmt::format(
          "layout '{}': '{}' is not name=size; write 'single', or e.g. 'ulysses=2,vae_patch=2'", text, part));
    }
    const Dimension& found = dimension(trim(part.substr(0, equals)), text);
    if (std::ranges::find(named, &found) != named.end()) {
      throw InputError(fmt::format("layout '{}': {} is given twice; keep one", text, found.name));
    }
    named.push_back(&found);
    layout.*found.size = parse_size(trim(part.substr(equals + 1)), found.name, text);
  }
  check_sizes(layout);
  return layout;
}

std::string to_string(const Layout& layout) {
  std::string text;
  for (const Dimension& dimension : kDimensions) {
    if (layout.*dimension.size == 1) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", dimension.name, layout.*dimension.size);
  }
  return text.empty() ? "single" : text;
}

void check_layout(const Layout& layout, const LayoutConstraints& constraints) {
  check_sizes(layout);
  const std::string text = to_string(layout);
  // A tensor rank holds a part of the heads, which its Ulysses group shares out.
  const int shares = layout.ulysses * layout.tensor;
  if (constraints.attention_heads % shares != 0) {
    const std::string advice =
        layout.tensor == 1
            ? fmt::format("use {}{}", text == fmt::format("ulysses={}", shares) ? "" : "ulysses=",
                          divisors(constraints.attention_heads))
            : fmt::format("ulysses x tensor = {} must; the nearest is '{}'", shares,
                          to_string(nearest_that_divides(layout, constraints.attention_heads)));
    throw InputError(fmt::format("layout '{}' does not divide the transformer's {} heads; {}", text,
                                 constraints.attention_heads, advice));
  }
  if (layout.cfg > 1 && constraints.guidance_scale == 1.0) {
    throw InputError(
        fmt::format("layout '{}': guidance scale 1 has no second pass, so cfg={} has nothing for its second "
                    "rank to do; use "
                    "cfg=1 or another guidance scale",
                    text, layout.cfg));
  }
  if (layout.vae_patch > 1 && !constraints.tiling) {
    throw InputError(
        fmt::format("layout '{}': without VAE tiling there are no tiles for vae_patch={} to share; use "
                    "vae_patch=1 or turn "
                    "tiling on",
                    text, layout.vae_patch));
  }
}

}  // namespace isoframe::model::parallel
