#pragma once
// Recordings: the fingerprints of the tensors that a rank showed at its probe points, in order.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/locate/fingerprint.h"
#include "model/probe.h"

namespace isoframe::harness::locate {

/// A probe point in one run, with the stages around it.
struct Place {
  std::string stages;  ///< "denoise 2/denoise.step 0/transformer": each with its index, if it has one
  std::string name;
  std::int64_t index = -1;
  int occurrence = 0;  ///< counts the same point within the same stages

  auto operator<=>(const Place&) const = default;
};

/// Index of a stage around the place ("denoise.step" -> 0), -1 if the stage has none or is not around it.
std::int64_t stage_index(const Place& place, const std::string& stage);
/// True if the stage is around the place.
bool is_within(const Place& place, const std::string& stage);
/// "denoise 2/denoise.step 0/.../transformer_blocks.attn.query 1"
std::string to_string(const Place& place);

using Shares = std::array<model::Share, 2>;
using Shape = std::vector<std::int64_t>;

/// A tensor that a rank holds, which may be a part of the whole that a single rank would hold.
struct Part {
  Shares shares{};
  Shape shape = {};
  Fingerprint print = {};
  std::vector<std::string> axes = {};  ///< names of its axes, in order
};
/// True if both are the same part of the whole.
bool same_region(const Part& a, const Part& b);

/// A part that a rank showed, and its place.
struct RecordedPoint {
  Place place;
  Part part;
};

/// All that one rank showed, in order.
using Recording = std::vector<RecordedPoint>;

/// The baseline's tensor at one place: the whole's shape, and a fingerprint of every part of it that some
/// rank of the other layout holds.
struct ReferencePoint {
  Place place;
  Shape whole;
  std::vector<Part> parts;
};
/// All that the baseline's one rank showed, in order.
using Reference = std::vector<ReferencePoint>;

nlohmann::json to_json(const Place& place);
Place place_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Part& part);
Part part_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Recording& recording);
Recording recording_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Reference& reference);
Reference reference_from_json(const nlohmann::json& json);

}  // namespace isoframe::harness::locate
