#pragma once
// What a key's value may be: how each kind is read, and how documents describe it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/scenario/yaml_value.h"
#include "model/parallel/layout.h"
#include "model/parallel/numerics.h"
#include "reports/records/published.h"

namespace isoframe::harness::scenario {

// HunyuanVideo 1.5's VAE: 16 pixels and 4 frames a latent, the first frame alone.
inline constexpr std::int64_t kSpatialCompression = 16;
inline constexpr std::int64_t kTemporalCompression = 4;

inline constexpr std::int64_t kMostRounds = 1'000'000;
inline constexpr double kMostSeconds = 1e9;

template <typename T>
struct Reader {
  std::string type;               ///< for README.md: "1 to 1000"
  nlohmann::ordered_json schema;  ///< the same as JSON Schema
  /// `called` is how errors call the value: a key of a file, an option of the command line.
  std::function<T(const Value& value, const std::string& called)> read;
};

Reader<std::string> text(const std::string& type = "text");
/// One of the words, which errors list.
Reader<std::string> one_of(const std::vector<std::string>& words);
/// ${VAR} is taken from the environment; what is relative starts at the scenario file's folder.
Reader<std::filesystem::path> path();
Reader<bool> boolean();

Reader<std::int64_t> integer(std::int64_t least, std::int64_t most);
/// 0 to 2^32 - 1: the generator of the initial noise keeps no more.
Reader<std::int64_t> seed();
/// Multiples of kSpatialCompression; errors name the nearest.
Reader<std::int64_t> pixels();
/// Reads as pixels() does, but what is no multiple is left to the rule of tiles, which knows the overlap.
Reader<std::int64_t> tile_size();
/// 1 + 4k; errors name the nearest.
Reader<std::int64_t> frame_count();

/// Reads a number in [least, most]: a finite one, unless `most` is infinity.
Reader<double> number(double least, double most);
/// A finite number above 0.
Reader<double> above_zero(double most = std::numeric_limits<double>::max());
/// Seconds, or with a unit, as "90s", "30m", "4h".
Reader<double> duration(double most);
/// 0 up to 1; that it is below 1 is left to the rule of tiles, which says what would do.
Reader<double> overlap();

/// A mapping of anything, as JSON.
Reader<nlohmann::json> any_mapping();
/// "ulysses=2,vae_patch=2", or in a file the same as a mapping.
Reader<model::parallel::Layout> layout();
Reader<model::parallel::Reduction> reduction();
/// A command with {worker} in it, or an empty text.
Reader<std::string> launcher();
/// FILE#ROW.
Reader<reports::records::PublishedFigures> published();

}  // namespace isoframe::harness::scenario
