#pragma once
// The record of everything but a case's own keys that a round's frames and times depend on.

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/environment.h"
#include "reports/records/field.h"

namespace isoframe::reports::records {

/// The fact of an engine that holds its name and version.
inline constexpr const char* kEngineVersion = "engine";

/// Build, machine and content that a round was measured with.
struct Origin {
  std::string measured;
  std::string program;
  std::map<std::string, std::string> libraries, checkpoint;
  std::string image;
  std::vector<std::string> gpus;
  std::map<std::string, std::string> engine;
  Environment environment;

  template <typename T = Origin>
  static constexpr auto fields() {
    return std::tuple{
        field("measured", &T::measured, "", "when the round began, ISO 8601, UTC"),
        field("program", &T::program, "", "fingerprint of the program's file"),
        field(
            "libraries", &T::libraries, "",
            "build IDs of the libraries that compute (LibTorch, OpenMP, CUDA), by file name; a size where a "
            "library has none"),
        field("checkpoint", &T::checkpoint, "",
              "fingerprint of everything in each part of the checkpoint, weights included"),
        field("image", &T::image, "", "fingerprint of the image's file; of image-to-video",
              Presence::kOmitted),
        field("gpus", &T::gpus, "", "GPUs of the machine and their driver; of a case on `cuda`",
              Presence::kOmitted),
        field("engine", &T::engine, "",
              "of another engine than isoframe: its version, command, fingerprints of its files and what it "
              "told when it had loaded",
              Presence::kOmitted),
        field("environment", &T::environment, "", "machine and program"),
    };
  }
};

/// Rounds of a case that were measured with the same.
struct RoundsOfOrigin {
  std::vector<int> rounds;
  Origin origin;

  template <typename T = RoundsOfOrigin>
  static constexpr auto fields() {
    return std::tuple{
        field("rounds", &T::rounds, "", "numbers of the rounds, from 0"),
        field("origin", &T::origin, "", "what they were measured with, as of the first"),
    };
  }
};

nlohmann::json to_json(const Origin& record);
Origin origin_from_json(const nlohmann::json& json);
/// Sentences in which two origins differ, "libtorch: \"2.11.0\" then, \"2.12.0\" now"; empty where a
/// measurement of one counts for the other.
std::vector<std::string> differences(const Origin& now, const Origin& earlier);

}  // namespace isoframe::reports::records
