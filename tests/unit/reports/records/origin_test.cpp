#include "reports/records/origin.h"

#include <functional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace isoframe::reports::records {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Origin an_origin() {
  Origin origin;
  origin.measured = "2026-01-31T09:05:00Z";
  origin.program = "0123456789abcdef";
  origin.libraries = {{"libtorch_cpu.so", "27"}, {"libgomp.so.1", "1"}};
  origin.checkpoint = {{"transformer", "aa"}, {"vae", "bb"}};
  origin.environment.cpu = "Xeon";
  origin.environment.isoframe = {.version = "0.1.0", .commit = "abc"};
  origin.environment.memory_bytes = 1'000'000'000;
  return origin;
}

TEST(Origin, TheTimeAndWhatDoesNotChangeBitsOrSpeedMayDiffer) {
  Origin now = an_origin();
  now.measured = "2026-02-01T00:00:00Z";
  now.environment.kernel = "Linux 7";
  now.environment.isoframe.commit = "def";  // a build that came out the same
  now.environment.memory_bytes += 4096;
  EXPECT_THAT(differences(now, an_origin()), IsEmpty());
}

TEST(Origin, WhatMakesAnotherMeasurementIsNamed) {
  const auto said = [](const std::function<void(Origin&)>& change) {
    Origin now = an_origin();
    change(now);
    return differences(now, an_origin());
  };
  EXPECT_THAT(
      said([](Origin& now) { now.program = "9"; }),
      ElementsAre(
          "program: isoframe 0.1.0 of commit abc, 0123456789abcdef then, isoframe 0.1.0 of commit abc, "
          "9 now"));
  EXPECT_THAT(said([](Origin& now) { now.libraries["libtorch_cpu.so"] = "28"; }),
              ElementsAre("other builds of libraries: libtorch_cpu.so"));
  EXPECT_THAT(said([](Origin& now) {
                now.checkpoint["vae"] = "cc";
                now.checkpoint.erase("transformer");
                now.checkpoint["guider"] = "dd";
              }),
              ElementsAre("checkpoint: other content in guider, transformer, vae"));
  EXPECT_THAT(said([](Origin& now) { now.image = "ee"; }), ElementsAre("image: other content"));
  EXPECT_THAT(said([](Origin& now) { now.gpus = {"H200, driver 550"}; }),
              ElementsAre("GPUs: none then, H200, driver 550 now"));
  EXPECT_THAT(said([](Origin& now) { now.environment.cpu = "EPYC"; }),
              ElementsAre("cpu: \"Xeon\" then, \"EPYC\" now"));
  EXPECT_THAT(said([](Origin& now) { now.environment.variables["OMP_SCHEDULE"] = "static"; }),
              testing::SizeIs(1));
}

TEST(Origin, GoesThroughJson) {
  const Origin origin = an_origin();
  EXPECT_THAT(differences(origin_from_json(to_json(origin)), origin), IsEmpty());
  EXPECT_EQ(to_json(origin_from_json(to_json(origin))), to_json(origin));
}

}  // namespace
}  // namespace isoframe::reports::records
