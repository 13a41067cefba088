#include "harness/scenario/readers.h"

#include <cctype>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "harness/launch/launcher.h"
#include "harness/scenario/number_range.h"
#include "harness/scenario/paths.h"
#include "harness/scenario/published.h"

namespace isoframe::harness::scenario {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kMostPixels = 16'384;
constexpr std::int64_t kMostFrames = 16'385;
constexpr double kLargest = std::numeric_limits<double>::max();

std::string read_word(const Value& value, const std::string& called, const std::vector<std::string>& words) {
  std::string text = value.text(called);
  for (const std::string& word : words) {
    if (text == word) return text;
  }
  // The error lists all words, because the lists are short and the word nearest to "gpu" is "cpu".
  value.fail(fmt::format("unknown {} '{}'; use {}", called, base::shortened(text), fmt::join(words, " or ")));
}

std::int64_t read_pixels(const Value& value, const std::string& called) {
  const std::int64_t size = value.integer(called, 1, kMostPixels);
  if (size % kSpatialCompression != 0) {
    const std::int64_t below = size - size % kSpatialCompression;
    const std::int64_t above = below + kSpatialCompression;
    value.fail(fmt::format("{} {} is not a multiple of {}; use {}", called, size, kSpatialCompression,
                           below == 0 ? fmt::format("{}", above) : fmt::format("{} or {}", below, above)));
  }
  return size;
}

std::int64_t read_frame_count(const Value& value, const std::string& called) {
  const std::int64_t frames = value.integer(called, 1, kMostFrames);
  if (frames % kTemporalCompression != 1) {
    const std::int64_t below = (frames - 1) / kTemporalCompression * kTemporalCompression + 1;
    value.fail(fmt::format("{} {} is not 1 + {}k; use {} or {}", called, frames, kTemporalCompression, below,
                           below + kTemporalCompression));
  }
  return frames;
}

model::parallel::Layout read_layout(const Value& value, const std::string& called) {
  std::string text;
  if (value.is_mapping()) {
    for (const Entry& entry : value.mapping(called, model::parallel::dimension_names())) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ",", entry.key, entry.value.text(entry.key));
    }
  } else {
    text = value.text(called);
  }
  try {
    return model::parallel::parse_layout(text);
  } catch (const InputError& error) {
    value.fail(error.what());
  }
}

ordered_json layout_schema() {
  const std::vector<std::string>& names = model::parallel::dimension_names();
  const std::string size = fmt::format("({}) *= *[0-9]+", fmt::join(names, "|"));
  ordered_json sizes = ordered_json::object();
  for (const std::string& name : names) sizes[name] = {{"type", "integer"}, {"minimum", 1}};
  return {
      {"anyOf",
       {{{"type", "string"}, {"pattern", fmt::format("^ *(single|{}( *, *{})*) *$", size, size)}},
        {{"type", "object"}, {"additionalProperties", false}, {"minProperties", 1}, {"properties", sizes}}}}};
}

}  // namespace

Reader<std::string> text(const std::string& type) {
  return {type, {{"type", "string"}}, [](const Value& value, const std::string& called) {
            return value.text(called);
          }};
}

Reader<std::string> one_of(const std::vector<std::string>& words) {
  return {fmt::format("`{}`", fmt::join(words, "`, `")),
          {{"enum", words}},
          [words](const Value& value, const std::string& called) { return read_word(value, called, words); }};
}

Reader<std::filesystem::path> path() { return {"path", {{"type", "string"}, {"minLength", 1}}, read_path}; }

Reader<bool> boolean() {
  return {"true, false", {{"type", "boolean"}}, [](const Value& value, const std::string& called) {
            return value.boolean(called);
          }};
}

Reader<std::int64_t> integer(std::int64_t least, std::int64_t most) {
  const bool is_largest = most == std::numeric_limits<std::int64_t>::max();
  return {fmt::format("{} to {}", least, is_largest ? "2^63 - 1" : fmt::format("{}", most)),
          {{"type", "integer"}, {"minimum", least}, {"maximum", most}},
          [=](const Value& value, const std::string& called) { return value.integer(called, least, most); }};
}

Reader<std::int64_t> seed() {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  Reader<std::int64_t> reader = integer(0, kMost);
  reader.type = "0 to 2^32 - 1";
  reader.read = [](const Value& value, const std::string& called) {
    return value.integer(called, 0, kMost,
                         "; noise is drawn from 32 bits of it, so greater ones would repeat videos");
  };
  return reader;
}

Reader<std::int64_t> pixels() {
  return {fmt::format("multiple of {}", kSpatialCompression),
          {{"type", "integer"},
           {"minimum", kSpatialCompression},
           {"maximum", kMostPixels},
           {"multipleOf", kSpatialCompression}},
          read_pixels};
}

Reader<std::int64_t> tile_size() {
  Reader<std::int64_t> reader = pixels();
  reader.read = integer(1, kMostPixels).read;
  return reader;
}

Reader<std::int64_t> frame_count() {
  return {fmt::format("1 + {}k", kTemporalCompression),
          {{"type", "integer"}, {"minimum", 1}, {"maximum", kMostFrames}},
          read_frame_count};
}

Reader<double> number(double least, double most) {
  ordered_json schema = {{"type", "number"}, {"minimum", least}};
  if (most < kLargest) schema["maximum"] = most;
  return {most < kLargest ? fmt::format("{} to {}", least, most) : fmt::format("{} or more", least), schema,
          [=](const Value& value, const std::string& called) {
            return number_in_range(value, called, least, most);
          }};
}

Reader<double> above_zero(double most) {
  ordered_json schema = {{"type", "number"}, {"exclusiveMinimum", 0}};
  if (most < kLargest) schema["maximum"] = most;
  return {"above 0", schema, [=](const Value& value, const std::string& called) {
            return number_above_zero(value, called, most);
          }};
}

Reader<double> duration(double most) {
  return {"seconds, or with a unit, as 90s, 30m, 4h",
          {{"type", "string"}},
          [most](const Value& value, const std::string& called) {
            std::string text = value.text(called);
            double unit = 1.0;
            for (const auto& [letter, seconds] : {std::pair{'s', 1.0}, {'m', 60.0}, {'h', 3600.0}}) {
              if (text.size() < 2 || std::tolower(static_cast<unsigned char>(text.back())) != letter)
                continue;
              unit = seconds;
              text.pop_back();
              break;
            }
            return unit * number_in_range(Value(YAML::Node(text), value.where()), called, 0.0, most / unit);
          }};
}

Reader<double> overlap() {
  Reader<double> reader = number(0.0, 1.0);
  reader.type = "0 up to 1, without 1";
  reader.schema = {{"type", "number"}, {"minimum", 0}, {"exclusiveMaximum", 1}};
  return reader;
}

Reader<nlohmann::json> any_mapping() {
  return {"mapping", {{"type", "object"}}, [](const Value& value, const std::string& called) {
            if (!value.is_mapping()) value.fail(fmt::format("{} wants a mapping of keys to values", called));
            return value.as_json(called);
          }};
}

Reader<model::parallel::Layout> layout() { return {"text or mapping", layout_schema(), read_layout}; }

Reader<model::parallel::Reduction> reduction() {
  const Reader<std::string> word = one_of({"fast", "deterministic"});
  return {word.type, word.schema, [word](const Value& value, const std::string& called) {
            return model::parallel::parse_reduction(word.read(value, called));
          }};
}

Reader<std::string> launcher() {
  return {"text",
          {{"type", "string"}, {"pattern", "^$|\\{worker\\}"}},
          [](const Value& value, const std::string& called) {
            std::string command = value.text(called);
            const std::string problem = launch::launcher_problem(command);
            if (!command.empty() && !problem.empty()) value.fail(problem);
            return command;
          }};
}

Reader<reports::records::PublishedFigures> published() {
  return {"FILE#ROW", {{"type", "string"}, {"pattern", "^[^#]+#[^#]+$"}}, read_published};
}

}  // namespace isoframe::harness::scenario
