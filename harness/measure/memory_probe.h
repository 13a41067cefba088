#pragma once
// Tensor memory that each step and stage leaves behind.

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "model/probe.h"
#include "reports/records/rank.h"

namespace isoframe::harness::measure {

/// Reads a counter at the end of each denoising step and outer stage.  For one thread: a rank's.
class MemoryProbe : public model::Probe {
 public:
  /// Takes `live_bytes`, which returns the bytes of the tensors that exist now.
  explicit MemoryProbe(std::function<std::uint64_t()> live_bytes) : live_bytes_(std::move(live_bytes)) {}

  void end(model::ProbePoint point) override;

  /// Bytes held after each step and outer stage, in the order in which they ended.
  const std::vector<reports::records::LiveTensors>& live() const { return live_; }

 private:
  std::function<std::uint64_t()> live_bytes_;
  std::vector<reports::records::LiveTensors> live_;
};

}  // namespace isoframe::harness::measure
