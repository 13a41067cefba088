#include "harness/measure/timing_probe.h"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace isoframe::harness::measure {
namespace {

using model::ProbeScope;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

void generate(model::Probe& probe, int steps) {
  { const ProbeScope scope(probe, {"text"}); }
  {
    const ProbeScope scope(probe, {"denoise", steps});
    for (int step = 0; step < steps; ++step) {
      const ProbeScope step_scope(probe, {"denoise.step", step});
      const ProbeScope block(probe, {"transformer_blocks", 0});
    }
  }
  const ProbeScope scope(probe, {"decode"});
  const ProbeScope tile(probe, {"decode.tile", 4});
}

TEST(TimingProbe, KeepsEveryOccurrenceOfAStage) {
  TimingProbe probe;
  generate(probe, 3);
  const auto occurrences = probe.occurrences();
  EXPECT_EQ(occurrences.at("text").size(), 1u);
  EXPECT_EQ(occurrences.at("denoise").size(), 1u);
  EXPECT_EQ(occurrences.at("denoise.step").size(), 3u);
  EXPECT_EQ(occurrences.at("decode.tile").size(), 1u);
  EXPECT_EQ(probe.times().back().stage, "decode") << "the outer stage ends last";
  EXPECT_EQ(probe.times().end()[-2].index, 4);
}

void work() {
  const auto until = ThreadClock::now() + std::chrono::milliseconds(50);
  while (ThreadClock::now() < until) continue;
}

TEST(TimingProbe, WorkOfAStageIsWhatItsThreadUsed) {
  TimingProbe probe;
  {
    const ProbeScope denoise(probe, {"denoise", 1});
    const ProbeScope step(probe, {"denoise.step", 0});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::thread(work).join();
  }
  {
    const ProbeScope decode(probe, {"decode"});
    work();
  }
  const auto busy = probe.busy();
  EXPECT_EQ(busy.size(), 2u);
  EXPECT_LT(busy.at("denoise"), 0.5 * busy.at("decode"));
}

TEST(TimingProbe, WaitingInCollectivesIsNoWorkOfAnAccelerator) {
  Moved moved;
  TimingProbe probe(
      launch::ProgressWriter(), [&moved] { return moved; },
      [marks = 0]() mutable -> TimingProbe::Moment {
        return [time = TimingProbe::Clock::time_point(std::chrono::seconds(marks++))] { return time; };
      });
  {
    const ProbeScope denoise(probe, {"denoise", 1});
    moved.seconds += 0.75;
  }
  EXPECT_THAT(probe.busy(), ElementsAre(Pair("denoise", 0.25)));
}

TEST(TimingProbe, AStageLastsAsLongAsItsParts) {
  TimingProbe probe;
  {
    const ProbeScope outer(probe, {"denoise", 2});
    for (int step = 0; step < 2; ++step) {
      const ProbeScope inner(probe, {"denoise.step", step});
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  const auto occurrences = probe.occurrences();
  const std::vector<double>& steps = occurrences.at("denoise.step");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_GE(steps[0], 0.01);
  EXPECT_GE(steps[1], 0.01);
  EXPECT_GE(occurrences.at("denoise")[0], steps[0] + steps[1]);
}

TEST(TimingProbe, ForgetsAWarmUp) {
  TimingProbe probe;
  generate(probe, 3);
  probe.clear();
  EXPECT_THAT(probe.times(), IsEmpty());
  generate(probe, 2);
  EXPECT_EQ(probe.occurrences().at("denoise.step").size(), 2u);
}

TEST(TimingProbe, ABlockLastsFromOneTensorToTheNext) {
  TimingProbe probe;
  const std::array<std::byte, 16> nothing{};
  const auto& unread = reinterpret_cast<const at::Tensor&>(nothing);
  {
    const ProbeScope transformer(probe, {"transformer"});
    probe.tensor({"x_embedder"}, unread);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    probe.tensor({"transformer_blocks", 0}, unread);
    probe.tensor({"transformer_blocks.context", 0}, unread);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    probe.tensor({"transformer_blocks", 1}, unread);
  }
  const auto events = probe.events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].stage, "transformer_blocks");
  EXPECT_EQ(events[1].index, 1);
  EXPECT_GE(events[0].seconds, 0.005);
  EXPECT_GE(events[1].seconds, 0.010);
  EXPECT_GE(events[1].start, events[0].start + events[0].seconds);
  EXPECT_EQ(events[2].stage, "transformer");
  EXPECT_GE(events[2].seconds, events[0].seconds + events[1].seconds);
}

TEST(TimingProbe, AnAcceleratorsMomentsAreReadWhenResultsAreAskedFor) {
  const TimingProbe::Clock::time_point origin = TimingProbe::Clock::now();
  int marks = 0, readings = 0;
  // A device that is an hour behind its host, and takes a second from one mark to the next.
  const auto clock = [&]() -> TimingProbe::Moment {
    return [&readings, time = origin + std::chrono::hours(1) + std::chrono::seconds(marks++)] {
      ++readings;
      return time;
    };
  };
  TimingProbe probe(launch::ProgressWriter(), {}, clock);
  { const ProbeScope scope(probe, {"text"}); }
  { const ProbeScope scope(probe, {"decode"}); }
  EXPECT_EQ(readings, 0);
  EXPECT_EQ(probe.times()[0].seconds, 1.0);
  EXPECT_EQ(probe.times()[1].start - probe.times()[0].start, 2.0);
}

TEST(TimingProbe, AStageIsGivenWhatMovedDuringIt) {
  Moved moved;
  TimingProbe probe(launch::ProgressWriter(), [&] { return moved; });
  moved.bytes_sent = 5;
  {
    const ProbeScope outer(probe, {"denoise", 1});
    moved.bytes_sent += 100;
    const ProbeScope inner(probe, {"denoise.step", 0});
    moved = {moved.bytes_sent + 20, 7, 0.5};
  }
  EXPECT_EQ(probe.times()[0].moved.bytes_sent, 20u);
  EXPECT_EQ(probe.times()[0].moved.bytes_received, 7u);
  EXPECT_EQ(probe.times()[1].moved.bytes_sent, 120u);
  EXPECT_EQ(probe.times()[1].moved.seconds, 0.5);
}

TEST(TimingProbe, CollectivesComeAfterStagesAndAreNotAmongThem) {
  TimingProbe probe;
  {
    const ProbeScope step(probe, {"denoise.step", 0});
    const auto start = TimingProbe::Clock::now();
    probe.collective("ulysses", "all_to_all", start, {30, 40, 0.25});
  }
  EXPECT_EQ(probe.times().size(), 1u);
  EXPECT_FALSE(probe.occurrences().contains("collective.ulysses.all_to_all"));
  const auto events = probe.events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_GE(events[1].start, events[0].start) << "both in seconds since 1970";
  EXPECT_LE(events[1].start, events[0].start + events[0].seconds);
  EXPECT_EQ(events[1].stage, "collective.ulysses.all_to_all");
  EXPECT_EQ(events[1].index, -1);
  EXPECT_EQ(events[1].seconds, 0.25);
  EXPECT_EQ(events[1].bytes_sent, 30);
  EXPECT_EQ(events[1].bytes_received, 40);
  EXPECT_EQ(events[1].seconds_in_collectives, 0.25);
  probe.clear();
  EXPECT_THAT(probe.events(), IsEmpty());
}

TEST(TimingProbe, ReportsTheStagesThatAPersonWaitsFor) {
  std::vector<json> seen;
  TimingProbe probe{
      launch::ProgressWriter([&](const launch::Progress& progress) { seen.push_back(to_json(progress)); })};
  generate(probe, 2);
  EXPECT_THAT(seen, ElementsAre(json{{"stage", "text"}}, json{{"stage", "denoise"}, {"index", 0}, {"of", 2}},
                                json{{"stage", "denoise"}, {"index", 1}, {"of", 2}},
                                json{{"stage", "decode"}}, json{{"stage", "decode.tile"}, {"index", 4}}));
}

}  // namespace
}  // namespace isoframe::harness::measure
