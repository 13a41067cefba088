#pragma once
// Recordings: the fingerprints of the tensors that a rank showed at its probe points, in order.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
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
/// True if both are the same part of the whole; a share of all of a dimension is as good as none.
bool same_region(const Part& a, const Part& b);
/// Name of a dimension: "heads", or where it has none "dimension 2".
std::string axis_of(const Part& part, std::size_t dim);
/// Shape of the whole.
Shape whole_of(const Part& part);

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

/// A rank's recording, and the reference of one rank that has followed others, in a folder.
std::filesystem::path recording_file(const std::filesystem::path& folder, int rank);
std::filesystem::path reference_file(const std::filesystem::path& folder);

nlohmann::json to_json(const Place& place);
Place place_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Part& part);
Part part_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Recording& recording);
/// Throws InputError for what is no recording; fields that it does not know are ignored.
Recording recording_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Reference& reference);
/// The same for a reference.
Reference reference_from_json(const nlohmann::json& json);

}  // namespace isoframe::harness::locate
