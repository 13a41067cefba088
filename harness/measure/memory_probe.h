#pragma once
// What each step and stage leaves behind in tensors.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "model/probe.h"

namespace isoframe::harness::measure {

/// For one thread: a rank's.  Reads a counter at the end of each denoising step and outer stage.
class MemoryProbe : public model::Probe {
 public:
  /// `live_bytes` tells the bytes of the tensors that exist now.
  explicit MemoryProbe(std::function<std::uint64_t()> live_bytes) : live_bytes_(std::move(live_bytes)) {}

  void end(model::ProbePoint point) override;

  /// [{"stage": "denoise", "step": 0, "bytes": b}, ..., {"stage": "denoise", "step": null, "bytes": b}, ...]
  /// in the order in which they ended.
  nlohmann::json live() const;

 private:
  struct Left {
    std::string stage;
    std::int64_t step;
    std::uint64_t bytes;
  };

  std::function<std::uint64_t()> live_bytes_;
  std::vector<Left> left_;
};

}  // namespace isoframe::harness::measure
