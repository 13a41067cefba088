#pragma once
// What a rank showed at its probe points, in order, as fingerprints.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/locate/fingerprint.h"
#include "model/probe.h"

namespace isoframe::harness::locate {

/// A point in one run: "denoise 2/denoise.step 0/denoise.conditional 0/transformer" are the stages around it,
/// each with its index where it has one.
struct Place {
  std::string stages;
  std::string name;
  std::int64_t index = -1;
  int occurrence = 0;  ///< of the same point within the same stages

  auto operator<=>(const Place&) const = default;
};

/// The stage's index among those around a point ("denoise.step" -> 0), -1 where there is none.
std::int64_t stage_index(const Place& place, const std::string& stage);
bool is_within(const Place& place, const std::string& stage);
/// "denoise 2/denoise.step 0/.../transformer_blocks.attn.query 1"
std::string to_string(const Place& place);

using Shares = std::array<model::Share, 2>;
using Shape = std::vector<std::int64_t>;

/// One tensor: which share of the whole, and its fingerprint.
struct Part {
  Shares shares{};
  Shape shape = {};
  Fingerprint print = {};
  std::vector<std::string> axes = {};  ///< their names, in order
};
bool same_region(const Part& a, const Part& b);

struct TracePoint {
  Place place;
  Part part;
};

/// Of one rank.
using Trace = std::vector<TracePoint>;

/// Of the baseline's one rank: at each point the whole's shape, and a fingerprint of every part of it that
/// some rank of the other layout holds.
struct ReferencePoint {
  Place place;
  Shape whole;
  std::vector<Part> parts;
};
using Reference = std::vector<ReferencePoint>;

nlohmann::json to_json(const Place& place);
Place place_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Part& part);
Part part_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Trace& trace);
Trace trace_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Reference& reference);
Reference reference_from_json(const nlohmann::json& json);

}  // namespace isoframe::harness::locate
