// What the roles of keys decide: whether a measurement counts for a case, whether two runs compare.

#include "harness/scenario/likeness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/scenario/case_json.h"
#include "harness/scenario/case_keys.h"

namespace isoframe::harness::scenario {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> texts_of(const std::vector<Difference>& differences) {
  std::vector<std::string> texts;
  for (const Difference& difference : differences) texts.push_back(difference.text);
  return texts;
}

Case a_case() {
  Case spec;
  spec.name = "a";
  spec.checkpoint = "checkpoints/tiny";
  spec.prompt = "a fox";
  spec.steps = 4;
  return spec;
}

TEST(MeasuredKey, HasEveryKeyButBookkeeping) {
  const nlohmann::json key = measured_key(a_case());
  for (const CaseKey& row : case_keys())
    EXPECT_EQ(key.contains(row.json), row.role != Role::kBookkeeping) << row.name;
  EXPECT_FALSE(key.contains("gates"));
  EXPECT_FALSE(key.contains("where"));
}

TEST(MeasuredAs, BookkeepingMayChangeAndNothingElse) {
  const nlohmann::json earlier = measured_key(a_case());
  Case spec = a_case();
  spec.repeat = 9;
  spec.timeout_seconds = 1.0;
  spec.meeting_seconds = 1.0;
  spec.baseline = "b";
  spec.gates.psnr_min = 40.0;
  spec.expected_different = true;
  spec.where = {"moved.yaml", 7, 1};
  EXPECT_THAT(measured_otherwise(spec, earlier), IsEmpty());
  spec.layout.ulysses = 2;
  EXPECT_THAT(measured_otherwise(spec, earlier), ElementsAre("layout: \"single\" then, \"ulysses=2\" now"));
  spec = a_case();
  spec.tf32 = true;
  EXPECT_THAT(measured_otherwise(spec, earlier), ElementsAre("tf32: false then, true now"));
}

TEST(MeasuredAs, AKeyThatCameLaterHadItsDefault) {
  nlohmann::json earlier = measured_key(a_case());
  earlier.erase("tf32");
  earlier["name"] = "a";  // as version 1 wrote it
  EXPECT_THAT(measured_otherwise(a_case(), earlier), IsEmpty());
  Case spec = a_case();
  spec.tf32 = true;
  EXPECT_THAT(measured_otherwise(spec, earlier), SizeIs(1));
}

TEST(Differences, NameEveryKeyThatMakesRunsIncomparable) {
  const nlohmann::json earlier = to_json(a_case());
  EXPECT_THAT(differences(a_case(), earlier), IsEmpty());
  Case spec = a_case();
  spec.steps = 2;
  spec.prompt = "a dog";
  spec.warmup = 0;
  spec.repeat = 7;
  EXPECT_THAT(
      texts_of(differences(spec, earlier)),
      ElementsAre("prompt: \"a fox\" then, \"a dog\" now", "steps: 4 then, 2 now", "warmup: 1 then, 0 now"));
}

TEST(Differences, TellAnotherVideoFromAnotherWayToMakeIt) {
  const nlohmann::json earlier = to_json(a_case());
  Case spec = a_case();
  spec.layout.ulysses = 2;
  EXPECT_EQ(differences(spec, earlier).at(0).role, Role::kMeasuredWith);
  spec = a_case();
  spec.seed = 9;
  EXPECT_EQ(differences(spec, earlier).at(0).role, Role::kAskedFor);
}

TEST(Differences, AnotherCheckoutHasTheSameCheckpoint) {
  const nlohmann::json earlier = to_json(a_case());
  Case spec = a_case();
  spec.checkpoint = "/elsewhere/checkpoints/tiny/";
  EXPECT_THAT(differences(spec, earlier), IsEmpty());
  EXPECT_THAT(measured_otherwise(spec, measured_key(a_case())), IsEmpty());
  spec.checkpoint = "checkpoints/small";
  EXPECT_THAT(texts_of(differences(spec, earlier)), ElementsAre("checkpoint: \"tiny\" then, \"small\" now"));
}

}  // namespace
}  // namespace isoframe::harness::scenario
