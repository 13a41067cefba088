// Slow ranks and leaks: frames stay what they are.

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "harness/measure/thread_clock.h"
#include "harness/selftest/faults/catalogue.h"
#include "harness/selftest/plants.h"
#include "harness/selftest/resources.h"
#include "model/probe.h"

namespace isoframe::harness::selftest::faults {

using measure::ThreadClock;

namespace {

constexpr std::int64_t kMebibyte = 1024 * 1024;

/// Keeps a mebibyte more after each step.
Watch leak() {
  return [kept = std::make_shared<std::vector<at::Tensor>>()](const locate::Place& place, const at::Tensor&) {
    if (place.name == "latents") kept->push_back(at::empty({kMebibyte}, at::kByte));
  };
}

/// Makes a stage take kSlowdown more of its thread's time.
class SlowStage : public model::Probe {
 public:
  explicit SlowStage(std::string stage) : stage_(std::move(stage)) {}

  void begin(model::ProbePoint point) override {
    if (point.name == stage_) began_ = ThreadClock::now();
  }
  void end(model::ProbePoint point) override {
    if (point.name != stage_) return;
    const ThreadClock::time_point now = ThreadClock::now(), until = now + longer(now - began_);
    while (ThreadClock::now() < until) continue;
  }

 private:
  static ThreadClock::duration longer(ThreadClock::duration took) {
    return std::chrono::duration_cast<ThreadClock::duration>(kSlowdown * took);
  }

  std::string stage_;
  ThreadClock::time_point began_;
};

}  // namespace

Plant slow_stage(const std::string& stage, int rank) {
  return {.probe = [stage, rank](int own) -> std::unique_ptr<model::Probe> {
    if (own != rank) return nullptr;
    return std::make_unique<SlowStage>(stage);
  }};
}

Faults resource_faults() {
  return {
      {.name = "slow-rank",
       .what = "one rank denoises a tenth slower than it did",
       .setting = {.layout = "ulysses=2,vae_patch=2", .steps = 4},
       .plant = slow_stage("denoise", 1),
       .expected = {.stage = "denoise", .ranks = {1}},
       .harm = Harm::kTime},
      {.name = "slow-decode",
       .what = "one rank decodes its tiles a tenth slower than it did",
       .setting = {.layout = "ulysses=2,vae_patch=2"},
       .plant = slow_stage("decode", 1),
       .expected = {.stage = "decode", .ranks = {1}},
       .harm = Harm::kTime},
      {.name = "leak",
       .what = "each step leaks a mebibyte",
       .setting = {.layout = "single", .steps = 4},
       .plant = watching(0, leak),
       .expected = {.stage = "denoise", .step = 0, .ranks = {0}},
       .harm = Harm::kMemory},
  };
}

}  // namespace isoframe::harness::selftest::faults
