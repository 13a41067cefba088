#pragma once
// One small video under one layout, every rank a thread of this process, with or without a fault.

#include <filesystem>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "harness/locate/recording_probe.h"
#include "harness/selftest/fault.h"

namespace isoframe::harness::selftest {

struct PlantedRun {
  std::vector<locate::Trace> ranks;
  at::Tensor frames;  ///< undefined after an error
  std::string error;  ///< what a rank threw
};

/// `scratch` holds the ranks' copies of the checkpoint where the plant changes it.
PlantedRun run_planted(const Setting& setting, const Plant& plant, const std::filesystem::path& checkpoint,
                       const std::filesystem::path& scratch);

/// What a single rank makes of the same video, in the parts that `ranks` hold of it.
struct SoundReference {
  locate::Reference trace;
  at::Tensor frames;
  double tolerance = 0.0;  ///< relative L2 that the layout's order of addition accounts for; 0: equal bits
};
SoundReference run_reference(const Setting& setting, const std::vector<locate::Trace>& ranks,
                             const std::filesystem::path& checkpoint);

}  // namespace isoframe::harness::selftest
