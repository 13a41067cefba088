#include "harness/scenario/case_keys.h"

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/launch/launcher.h"
#include "harness/scenario/error.h"
#include "harness/scenario/paths.h"
#include "harness/scenario/published.h"
#include "harness/scenario/settings.h"
#include "model/parallel/layout.h"

namespace isoframe::harness::scenario {
namespace {

constexpr std::int64_t kMostPixels = 16'384;
constexpr std::int64_t kMostFrames = 16'385;
constexpr std::int64_t kMostSteps = 1'000;  // the scheduler's own timesteps
constexpr std::int64_t kMostThreads = 1'024;
constexpr std::int64_t kMostRounds = 1'000'000;
constexpr double kMostSeconds = 1e9;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::int64_t pixels(const Value& value, const std::string& key) {
  const std::int64_t size = value.integer(key, 1, kMostPixels);
  if (size % kSpatialCompression != 0) {
    const std::int64_t below = size - size % kSpatialCompression;
    const std::int64_t above = below + kSpatialCompression;
    value.fail(fmt::format("{} {} is not a multiple of {}; use {}", key, size, kSpatialCompression,
                           below == 0 ? fmt::format("{}", above) : fmt::format("{} or {}", below, above)));
  }
  return size;
}

std::int64_t frame_count(const Value& value, const std::string& key) {
  const std::int64_t frames = value.integer(key, 1, kMostFrames);
  if (frames % kTemporalCompression != 1) {
    const std::int64_t below = (frames - 1) / kTemporalCompression * kTemporalCompression + 1;
    value.fail(fmt::format("{} {} is not 1 + {}k; use {} or {}", key, frames, kTemporalCompression, below,
                           below + kTemporalCompression));
  }
  return frames;
}

/// A number in [least, most].
double number(const Value& value, const std::string& key, double least, double most) {
  const double number = value.number(key);
  if (number >= least && number <= most) return number;
  value.fail(most == kInfinity ? fmt::format("{} {} is below {}", key, number, least)
                               : fmt::format("{} {} is outside {} to {}", key, number, least, most));
}

double positive(const Value& value, const std::string& key) {
  const double number = value.number(key);
  if (!(number > 0.0) || std::isinf(number)) value.fail(fmt::format("{} {} is not above 0", key, number));
  return number;
}

double seconds(const Value& value, const std::string& key) {
  const double seconds = positive(value, key);
  if (seconds > kMostSeconds) value.fail(fmt::format("{} is above {}", key, kMostSeconds));
  return seconds;
}

double finite(const Value& value, const std::string& key, double least) {
  return number(value, key, least, std::numeric_limits<double>::max());
}

std::string one_of(const Value& value, const std::string& key, const std::vector<std::string>& known) {
  std::string text = value.text(key);
  for (const std::string& word : known) {
    if (text == word) return text;
  }
  // The lists are short, and the word nearest to "gpu" is "cpu": show them all.
  value.fail(fmt::format("unknown {} '{}'; use {}", key, text, fmt::join(known, " or ")));
}

model::parallel::Layout layout(const Value& value, const std::string& key) {
  std::string text;
  if (value.is_mapping()) {
    for (const Entry& entry : value.mapping(key, subkeys(key))) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ",", entry.key, entry.value.text(entry.key));
    }
  } else {
    text = value.text(key);
  }
  try {
    return model::parallel::parse_layout(text);
  } catch (const InputError& error) {
    value.fail(error.what());
  }
}

using Reader = std::function<void(Case&, const Value&, const std::string& key)>;

Reader gate(std::optional<double> Gates::*member, double least, double most) {
  return [=](Case& result, const Value& value, const std::string& key) {
    result.gates.*member = number(value, key, least, most);
  };
}

Reader ratio(std::optional<double> Gates::*member) {
  return [=](Case& result, const Value& value, const std::string& key) {
    result.gates.*member = positive(value, key);
  };
}

/// Every key but tiling and gates, which arrive taken apart.
const std::map<std::string, Reader>& readers() {
  using C = Case;
  using V = const Value&;
  using K = const std::string&;
  static const std::map<std::string, Reader> table = {
      {"checkpoint", [](C& c, V v, K k) { c.checkpoint = read_path(v, k); }},
      {"task",
       [](C& c, V v, K k) {
         c.task = one_of(v, k, {"t2v", "i2v"});
       }},
      {"image", [](C& c, V v, K k) { c.image = read_path(v, k); }},
      {"prompt", [](C& c, V v, K k) { c.prompt = v.text(k); }},
      {"negative_prompt", [](C& c, V v, K k) { c.negative_prompt = v.text(k); }},
      {"height", [](C& c, V v, K k) { c.height = pixels(v, k); }},
      {"width", [](C& c, V v, K k) { c.width = pixels(v, k); }},
      {"frames", [](C& c, V v, K k) { c.frames = frame_count(v, k); }},
      {"steps", [](C& c, V v, K k) { c.steps = v.integer(k, 1, kMostSteps); }},
      {"seed",
       [](C& c, V v, K k) {
         c.seed = static_cast<std::uint64_t>(v.integer(k, 0, std::numeric_limits<std::int64_t>::max()));
       }},
      {"guidance_scale", [](C& c, V v, K k) { c.guidance_scale = finite(v, k, 0.0); }},
      {"tiling.enabled", [](C& c, V v, K k) { c.tiling = v.boolean(k); }},
      {"tiling.tile_size", [](C& c, V v, K k) { c.tile_size = v.integer(k, 1, kMostPixels); }},
      {"tiling.overlap", [](C& c, V v, K k) { c.tile_overlap = number(v, k, 0.0, 1.0); }},
      {"layout", [](C& c, V v, K k) { c.layout = layout(v, k); }},
      {"reduction",
       [](C& c, V v, K k) {
         c.reduction = model::parallel::parse_reduction(one_of(v, k, {"fast", "deterministic"}));
       }},
      {"reduction_parts",
       [](C& c, V v, K k) {
         c.reduction_parts = static_cast<int>(v.integer(k, 1, model::parallel::kMaxRanks));
       }},
      {"dtype",
       [](C& c, V v, K k) {
         c.dtype = one_of(v, k, {"float32", "bfloat16", "float16"});
       }},
      {"device",
       [](C& c, V v, K k) {
         c.device = one_of(v, k, {"cpu", "cuda"});
       }},
      {"tf32", [](C& c, V v, K k) { c.tf32 = v.boolean(k); }},
      {"threads_per_rank",
       [](C& c, V v, K k) { c.threads_per_rank = static_cast<int>(v.integer(k, 1, kMostThreads)); }},
      {"warmup", [](C& c, V v, K k) { c.warmup = static_cast<int>(v.integer(k, 0, kMostRounds)); }},
      {"repeat", [](C& c, V v, K k) { c.repeat = static_cast<int>(v.integer(k, 1, kMostRounds)); }},
      {"timeout_seconds", [](C& c, V v, K k) { c.timeout_seconds = seconds(v, k); }},
      {"meeting_seconds", [](C& c, V v, K k) { c.meeting_seconds = seconds(v, k); }},
      {"launcher",
       [](C& c, V v, K k) {
         c.launcher = v.text(k);
         const std::string problem = launch::launcher_problem(c.launcher);
         if (!c.launcher.empty() && !problem.empty()) v.fail(problem);
       }},
      {"baseline", [](C& c, V v, K k) { c.baseline = v.text(k); }},
      {"expected_different", [](C& c, V v, K k) { c.expected_different = v.boolean(k); }},
      {"published", [](C& c, V v, K k) { c.published = read_published(v, k); }},
      {"gates.identical", [](C& c, V v, K k) { c.gates.identical = v.boolean(k); }},
      {"gates.bounded", [](C& c, V v, K k) { c.gates.bounded = v.boolean(k); }},
      {"gates.psnr_min", gate(&Gates::psnr_min, 0.0, kInfinity)},
      {"gates.ssim_min", gate(&Gates::ssim_min, -1.0, 1.0)},
      {"gates.relative_l2_max", gate(&Gates::relative_l2_max, 0.0, kInfinity)},
      {"gates.max_difference_max", gate(&Gates::max_difference_max, 0.0, kInfinity)},
      {"gates.latency_ratio_max", ratio(&Gates::latency_ratio_max)},
      {"gates.peak_tensor_ratio_max", ratio(&Gates::peak_tensor_ratio_max)},
  };
  return table;
}

}  // namespace

void read_key(Case& result, const std::string& key, const Value& value) {
  readers().at(key)(result, value, key);
}

}  // namespace isoframe::harness::scenario
