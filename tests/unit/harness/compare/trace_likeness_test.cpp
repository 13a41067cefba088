#include "harness/compare/trace_likeness.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "harness/scenario/case_json.h"

namespace isoframe::harness::compare {
namespace {

namespace records = reports::records;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

constexpr double kReordered = 1.7e-4;

/// A trace of isoframe's own, whose layout may be `relative_l2` from one rank.
Described trace(const std::string& layout, double relative_l2 = 0.0) {
  scenario::Case spec;
  spec.name = "a";
  spec.checkpoint = "/models/checkpoint";
  spec.prompt = "a fox";
  spec.height = spec.width = 64;
  spec.frames = 5;
  spec.steps = 2;
  spec.layout = model::parallel::parse_layout(layout);
  records::TraceRecord record;
  record.engine = {"isoframe", "0.1.0"};
  record.spec = scenario::to_json(spec);
  record.ranks = spec.layout.world_size();
  record.numerics = {
      relative_l2 > 0.0 ? records::NumericsClass::kBounded : records::NumericsClass::kIdentical, relative_l2};
  record.reordered_l2 = kReordered;
  record.origin.emplace();
  record.origin->program = "p";
  record.origin->checkpoint = {{"transformer", "1"}, {"vae", "2"}};
  return described(record);
}

Described of_engine(Described one, const std::string& name) {
  one.record.engine.name = name;
  return one;
}

TEST(TraceTolerance, IsNoneWhereBitsArePromised) {
  for (const char* layout : {"single", "ulysses=2", "ulysses=2,cfg=2,vae_patch=4"})
    EXPECT_EQ(tolerance_between(trace("single"), trace(layout)).relative_l2, 0.0) << layout;
  EXPECT_EQ(tolerance_between(trace("ring=2", 1e-5), trace("ring=2", 1e-5)).relative_l2, 0.0);
  EXPECT_EQ(tolerance_between(trace("ring=2", 1e-5), trace("ring=2,ulysses=2", 1e-5)).relative_l2, 0.0);
}

TEST(TraceTolerance, IsTheBoundOfBothOrdersOfAddition) {
  EXPECT_EQ(tolerance_between(trace("ring=2", 3e-5), trace("single")).relative_l2, 3e-5);
  EXPECT_DOUBLE_EQ(tolerance_between(trace("ring=2", 3e-5), trace("tensor=2", 4e-5)).relative_l2, 5e-5);
  EXPECT_EQ(tolerance_between(trace("single"), trace("ring=2", 0.3)).relative_l2, 0.02);
  // Its backend adds in an order of its own each time.
  EXPECT_GT(tolerance_between(trace("tensor=2", 4e-5), trace("tensor=2", 4e-5)).relative_l2, 0.0);
}

TEST(TraceTolerance, AllowsAnyOrderToEnginesBuildsAndSettings) {
  const Described own = trace("single");
  Described build = own, machine = own, version = own, settings = own, unknown = own, facts = own;
  build.record.origin->program = "q";
  machine.record.origin->environment.cpu = "another";
  version.record.engine.version = "0.2.0";
  settings.spec.threads_per_rank = 2;
  unknown.record.origin.reset();
  Described other_facts = facts;
  facts.record.facts = {{"torch", "2.11"}};
  other_facts.record.facts = {{"torch", "2.12"}};
  for (const Described& other : {of_engine(own, "other"), build, machine, version, settings, unknown})
    EXPECT_EQ(tolerance_between(own, other).relative_l2, kReordered);
  EXPECT_EQ(tolerance_between(facts, other_facts).relative_l2, kReordered);
  EXPECT_EQ(tolerance_between(facts, own).relative_l2, 0.0);
}

TEST(TraceTolerance, OfAnEngineIsWhatItPromisesOfItsLayouts) {
  // Its Ulysses orders keys in another way than one rank does.
  const Described single = of_engine(trace("single"), "other"),
                  ulysses = of_engine(trace("ulysses=2", 2e-5), "other");
  EXPECT_EQ(tolerance_between(single, ulysses).relative_l2, 2e-5);
  EXPECT_EQ(tolerance_between(ulysses, ulysses).relative_l2, 0.0);
  Described silent = ulysses;
  silent.record.numerics.reset();
  EXPECT_EQ(tolerance_between(single, silent).relative_l2, kReordered);
  silent.record.reordered_l2.reset();
  Described neither = single;
  neither.record.reordered_l2.reset();
  EXPECT_THAT([&] { tolerance_between(neither, silent); },
              ThrowsMessage<InputError>(HasSubstr("give --tolerance")));
}

TEST(TraceLikeness, NamesWhatMakesAnotherVideo) {
  const Described own = trace("single");
  Described other = own;
  EXPECT_THAT(differing_requests(own, trace("ring=2", 1e-5), false), IsEmpty());
  other.spec.seed = 6;
  other.spec.prompt = "a hare";
  EXPECT_THAT(differing_requests(own, other, false),
              ElementsAre("prompt: \"a fox\" in A, \"a hare\" in B", "seed: 0 in A, 6 in B"));
  // One of them leaves it to the checkpoint.
  Described guided = own;
  guided.spec.guidance_scale = 6.0;
  EXPECT_THAT(differing_requests(own, guided, false), IsEmpty());
}

TEST(TraceLikeness, TellsCheckpointsByTheirContentIfThatIsKnown) {
  const Described own = trace("single");
  Described moved = own, changed = own, unknown = own;
  moved.spec.checkpoint = "/elsewhere/copy";
  changed.record.origin->checkpoint["vae"] = "3";
  unknown.record.origin.reset();
  EXPECT_THAT(differing_requests(own, moved, false), IsEmpty());
  EXPECT_THAT(differing_requests(own, changed, false), ElementsAre(HasSubstr("other content in vae")));
  EXPECT_THAT(differing_requests(own, changed, true), IsEmpty());
  EXPECT_THAT(differing_computations(own, changed), ElementsAre("checkpoint: other content in vae"));
  EXPECT_THAT(differing_requests(own, unknown, false), IsEmpty());
  unknown.spec.checkpoint = "/models/another";
  EXPECT_THAT(differing_requests(own, unknown, false), ElementsAre(HasSubstr("checkpoint: ")));
}

TEST(TraceDescription, HasAsManyRanksAsItsLayout) {
  records::TraceRecord record = trace("ulysses=2").record;
  record.ranks = 1;
  EXPECT_THAT([&] { described(record); }, ThrowsMessage<InputError>(HasSubstr("ulysses=2 has 2")));
  record.ranks = 2;
  record.parts_of = "ring=2";
  EXPECT_THAT([&] { described(record); }, ThrowsMessage<InputError>(HasSubstr("parts of another layout")));
}

}  // namespace
}  // namespace isoframe::harness::compare
