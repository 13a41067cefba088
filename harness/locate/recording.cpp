#include "harness/locate/recording.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace isoframe::harness::locate {

using nlohmann::json;

namespace {

/// The text of `stage` within the path "a 1/b/c 2" ("b"), or an empty string.
std::string element_of(const std::string& stages, const std::string& stage) {
  for (std::size_t begin = 0; begin < stages.size();) {
    const std::size_t end = std::min(stages.find('/', begin), stages.size());
    const std::string element = stages.substr(begin, end - begin);
    if (element == stage || element.starts_with(stage + " ")) return element;
    begin = end + 1;
  }
  return {};
}

/// Reads null, which JSON has for NaN and infinity, as NaN: a sketch that holds either only says that it
/// does.
double number_or_nan(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

std::int64_t integer(const json& value) {
  if (!value.is_number_integer()) throw InputError(fmt::format("{} is no whole number", value.dump()));
  return value.get<std::int64_t>();
}

Shape shape_from_json(const json& value) {
  Shape shape;
  for (const json& size : value) shape.push_back(integer(size));
  const bool has_negative = std::ranges::any_of(shape, [](std::int64_t size) { return size < 0; });
  if (!value.is_array() || has_negative) throw InputError(fmt::format("{} is no shape", value.dump()));
  return shape;
}

std::uint64_t hash_from_json(const json& value) {
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t hash = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, hash, 16) != std::from_chars_result{end, std::errc()})
    throw InputError(fmt::format("{} is no hash", value.dump()));
  return hash;
}

model::Share share_from_json(const json& value, const Shape& shape) {
  const model::Share share{integer(value.at(0)), integer(value.at(1)), integer(value.at(2))};
  const bool has_dim = share.dim >= 0 && share.dim < std::ssize(shape);
  if (!has_dim || share.begin < 0 || share.whole <= 0 ||
      share.begin > share.whole - shape[static_cast<std::size_t>(share.dim)])
    throw InputError(fmt::format("{} is no share of a tensor", value.dump()));
  return share;
}

/// Reads each of a document's points; throws InputError that names the first that is damaged.
template <typename Read>
void read_points(const json& value, Read read) {
  if (!value.is_object() || !value.contains("points") || !value.at("points").is_array())
    throw InputError("holds no list of 'points'");
  std::size_t index = 0;
  for (const json& point : value.at("points")) {
    try {
      read(point);
    } catch (const InputError& error) {
      throw InputError(fmt::format("point {}: {}", index, error.what()));
    } catch (const std::exception&) {
      throw InputError(fmt::format("point {} is damaged or incomplete", index));
    }
    ++index;
  }
}

/// Begin of the part along a dimension, and the whole's length.
std::pair<std::int64_t, std::int64_t> extent_along(const Part& part, std::int64_t dim) {
  for (const model::Share& share : part.shares)
    if (share.whole > 0 && share.dim == dim) return {share.begin, share.whole};
  return {0, part.shape[static_cast<std::size_t>(dim)]};
}

}  // namespace

std::int64_t stage_index(const Place& place, const std::string& stage) {
  const std::string element = element_of(place.stages, stage);
  const std::size_t space = element.find(' ');
  std::int64_t index = -1;
  if (space != std::string::npos)
    std::from_chars(element.data() + space + 1, element.data() + element.size(), index);
  return index;
}

bool is_within(const Place& place, const std::string& stage) {
  return !element_of(place.stages, stage).empty();
}

std::string to_string(const Place& place) {
  return fmt::format("{}{}{}{}{}", place.stages, place.stages.empty() ? "" : "/", place.name,
                     place.index < 0 ? "" : fmt::format(" {}", place.index),
                     place.occurrence == 0 ? "" : fmt::format(" #{}", place.occurrence));
}

bool same_region(const Part& a, const Part& b) {
  if (a.shape != b.shape) return false;
  for (std::int64_t dim = 0; dim < std::ssize(a.shape); ++dim)
    if (extent_along(a, dim) != extent_along(b, dim)) return false;
  return true;
}

std::string axis_of(const Part& part, std::size_t dim) {
  return dim < part.axes.size() ? part.axes[dim] : fmt::format("dimension {}", dim);
}

Shape whole_of(const Part& part) {
  Shape whole;
  for (std::int64_t dim = 0; dim < std::ssize(part.shape); ++dim)
    whole.push_back(extent_along(part, dim).second);
  return whole;
}

std::filesystem::path recording_file(const std::filesystem::path& folder, int rank) {
  return folder / fmt::format("fingerprints-{}.json", rank);
}
std::filesystem::path reference_file(const std::filesystem::path& folder) {
  return folder / "reference.json";
}

json to_json(const Part& part) {
  json shares = json::array(), sketch = json::array();
  for (const model::Share& share : part.shares)
    if (share.whole > 0) shares.push_back({share.dim, share.begin, share.whole});
  for (const double sum : part.print.sketch) sketch.push_back(sum);
  return {{"shares", shares},        {"shape", part.shape}, {"hash", fmt::format("{:016x}", part.print.hash)},
          {"norm", part.print.norm}, {"sketch", sketch},    {"axes", part.axes}};
}

Part part_from_json(const json& value) {
  Part part{.shape = shape_from_json(value.at("shape"))};
  std::size_t next = 0;
  for (const json& share : value.at("shares")) part.shares.at(next++) = share_from_json(share, part.shape);
  part.axes = value.value("axes", part.axes);
  part.print.hash = hash_from_json(value.at("hash"));
  part.print.norm = number_or_nan(value.at("norm"));
  for (std::size_t i = 0; i < kSketchSize; ++i)
    part.print.sketch[i] = number_or_nan(value.at("sketch").at(i));
  return part;
}

json to_json(const Place& place) {
  return {{"stages", place.stages},
          {"name", place.name},
          {"index", place.index},
          {"occurrence", place.occurrence}};
}

Place place_from_json(const json& value) {
  const std::int64_t index = integer(value.at("index")), occurrence = integer(value.at("occurrence"));
  if (index < -1 || occurrence < 0 || occurrence > std::numeric_limits<int>::max())
    throw InputError(fmt::format("index {}, occurrence {} is no place", index, occurrence));
  return {value.at("stages").get<std::string>(), value.at("name").get<std::string>(), index,
          static_cast<int>(occurrence)};
}

json to_json(const Recording& recording) {
  json points = json::array();
  for (const RecordedPoint& point : recording) {
    json record = to_json(point.place);
    record["part"] = to_json(point.part);
    points.push_back(record);
  }
  return {{"points", points}};
}

Recording recording_from_json(const json& value) {
  Recording recording;
  read_points(value, [&](const json& point) {
    recording.push_back({place_from_json(point), part_from_json(point.at("part"))});
  });
  return recording;
}

json to_json(const Reference& reference) {
  json points = json::array();
  for (const ReferencePoint& point : reference) {
    json record = to_json(point.place);
    record["whole"] = point.whole;
    record["parts"] = json::array();
    for (const Part& part : point.parts) record["parts"].push_back(to_json(part));
    points.push_back(record);
  }
  return {{"points", points}};
}

Reference reference_from_json(const json& value) {
  Reference reference;
  read_points(value, [&](const json& point) {
    ReferencePoint& added = reference.emplace_back(
        ReferencePoint{place_from_json(point), shape_from_json(point.at("whole")), {}});
    for (const json& part : point.at("parts")) added.parts.push_back(part_from_json(part));
  });
  return reference;
}

}  // namespace isoframe::harness::locate
