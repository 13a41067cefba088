#include "harness/measure/memory_probe.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::measure {
namespace {

using model::ProbeScope;
using testing::ElementsAre;

MATCHER_P3(Left, stage, step, bytes, "") {
  return arg.stage == stage && arg.step == std::optional<std::int64_t>(step) &&
         arg.bytes == static_cast<std::uint64_t>(bytes);
}

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
  EXPECT_THAT(probe.live(), ElementsAre(Left("denoise", 0, 100), Left("denoise", 1, 200),
                                        Left("denoise", std::nullopt, 200), Left("decode", std::nullopt, 7)));
}

}  // namespace
}  // namespace isoframe::harness::measure
