#include "harness/locate/recording.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::int64_t stage_index(const Place& place, const std::string& stage) {
  const std::string element = element_of(place.stages, stage);
  const std::size_t space = element.find(' ');
  return space == std::string::npos ? -1 : std::stoll(element.substr(space + 1));
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
  const auto same = [](const model::Share& x, const model::Share& y) {
    return x.dim == y.dim && x.begin == y.begin && x.whole == y.whole;
  };
  return a.shape == b.shape && std::ranges::equal(a.shares, b.shares, same);
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
  Part part;
  std::size_t next = 0;
  for (const json& share : value.at("shares")) part.shares.at(next++) = {share[0], share[1], share[2]};
  part.shape = value.at("shape").get<Shape>();
  part.axes = value.value("axes", part.axes);
  part.print.hash = std::stoull(value.at("hash").get<std::string>(), nullptr, 16);
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
  return {value.at("stages"), value.at("name"), value.at("index"), value.at("occurrence")};
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
  for (const json& point : value.at("points"))
    recording.push_back({place_from_json(point), part_from_json(point.at("part"))});
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
  for (const json& point : value.at("points")) {
    ReferencePoint& added =
        reference.emplace_back(ReferencePoint{place_from_json(point), point.at("whole").get<Shape>(), {}});
    for (const json& part : point.at("parts")) added.parts.push_back(part_from_json(part));
  }
  return reference;
}

}  // namespace isoframe::harness::locate
