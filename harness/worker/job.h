#pragma once
// What a rank needs to know, as a file: `isoframe worker JOB.json` reads it.

#include <filesystem>

#include <nlohmann/json.hpp>

#include "harness/scenario/case.h"
#include "harness/worker/observation.h"

namespace isoframe::harness::worker {

struct Job {
  scenario::Case value;
  std::filesystem::path directory;  ///< rank-<r>.json goes there, and rank 0's frames and latents
  std::filesystem::path store;      ///< the file store through which local ranks meet
  Observation observation = {};     ///< in place of a measurement

  nlohmann::json to_json() const;
  static Job from_json(const nlohmann::json& json);
};

}  // namespace isoframe::harness::worker
