#include "harness/scenario/readers.h"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "harness/launch/launcher.h"
#include "harness/scenario/paths.h"
#include "harness/scenario/published.h"

namespace isoframe::harness::scenario {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kMostPixels = 16'384;
constexpr std::int64_t kMostFrames = 16'385;
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string read_word(const Value& value, const std::string& called, const std::vector<std::string>& words) {
  std::string text = value.text(called);
  for (const std::string& word : words) {
    if (text == word) return text;
  }
  // The error lists all words, because the lists are short and the word nearest to "gpu" is "cpu".
  value.fail(fmt::format("unknown {} '{}'; use {}", called, text, fmt::join(words, " or ")));
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
            const double number = value.number(called);
            if (number >= least && number <= most) return number;
            value.fail(most == kInfinity
                           ? fmt::format("{} {} is below {}", called, number, least)
                           : fmt::format("{} {} is outside {} to {}", called, number, least, most));
          }};
}

Reader<double> above_zero(double most) {
  ordered_json schema = {{"type", "number"}, {"exclusiveMinimum", 0}};
  if (most < kLargest) schema["maximum"] = most;
  return {"above 0", schema, [=](const Value& value, const std::string& called) {
            const double number = value.number(called);
            if (!(number > 0.0) || std::isinf(number))
              value.fail(fmt::format("{} {} is not above 0", called, number));
            if (number > most) value.fail(fmt::format("{} is above {}", called, most));
            return number;
          }};
}

Reader<double> overlap() {
  Reader<double> reader = number(0.0, 1.0);
  reader.type = "0 up to 1, without 1";
  reader.schema = {{"type", "number"}, {"minimum", 0}, {"exclusiveMaximum", 1}};
  return reader;
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
