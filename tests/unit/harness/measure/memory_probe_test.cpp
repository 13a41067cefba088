#include "harness/measure/memory_probe.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace isoframe::harness::measure {
namespace {

using model::ProbeScope;
using nlohmann::json;

TEST(MemoryProbe, ReadsTheCounterAfterEachStepAndOuterStage) {
  std::uint64_t live = 0;
  MemoryProbe probe([&live] { return live; });
  {
    const ProbeScope denoise(probe, {"denoise", 2});
    for (int step = 0; step < 2; ++step) {
      const ProbeScope scope(probe, {"denoise.step", step});
      const ProbeScope block(probe, {"transformer_blocks", 0});
      live += 100;
    }
  }
  live = 7;
  { const ProbeScope decode(probe, {"decode"}); }
  EXPECT_EQ(probe.live(), json::parse(R"([{"stage": "denoise", "step": 0, "bytes": 100},
                                          {"stage": "denoise", "step": 1, "bytes": 200},
                                          {"stage": "denoise", "step": null, "bytes": 200},
                                          {"stage": "decode", "step": null, "bytes": 7}])"));
}

}  // namespace
}  // namespace isoframe::harness::measure
