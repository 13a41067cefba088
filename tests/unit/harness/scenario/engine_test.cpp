#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/allowed_engines.h"
#include "harness/scenario/case_json.h"
#include "tests/unit/harness/scenario/scenario_file.h"

namespace isoframe::harness::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string with_engines(const std::string& engines, const std::string& cases) {
  return "version: 1\ncheckpoint: ckpt\nengines:\n" + engines +
         "defaults: {prompt: a fox, height: 64, width: 64, frames: 5, steps: 2, tiling: {tile_size: 64}}\n"
         "cases:\n" +
         cases;
}

TEST(Engines, ACaseHasTheProgramOfTheEngineThatItNames) {
  setenv("ISOFRAME_TEST_PYTHON", "/opt/python", 1);
  const ScenarioFile file(with_engines(
      "  one:\n"
      "    command: ['${ISOFRAME_TEST_PYTHON}', ./engine.py, --fast, 2]\n"
      "    ranks: engine\n"
      "    resident: false\n"
      "    environment: {LEVEL: 3, NAME: '${ISOFRAME_TEST_UNSET:-none}'}\n"
      "  two: {command: [engine]}\n",
      "  - name: ours\n"
      "  - {name: theirs, engine: one, engine_options: {kernel: fa3, split: [1, 2.5], deep: {on: true}, "
      "quoted: '1', none: null}}\n"
      "  - {name: other, engine: two, baseline: ours, noise: shared}\n"));
  const Suite suite = load_suite({file.path()}, {});
  EXPECT_FALSE(is_foreign(suite.cases[0]));
  EXPECT_FALSE(suite.cases[0].program);
  const Case& theirs = suite.cases[1];
  ASSERT_TRUE(is_foreign(theirs));
  EXPECT_THAT(theirs.program->command,
              ElementsAre("/opt/python", (file.folder() / "engine.py").string(), "--fast", "2"));
  EXPECT_TRUE(theirs.program->starts_ranks);
  EXPECT_FALSE(theirs.program->resident);
  EXPECT_EQ(theirs.program->environment.at("LEVEL"), "3");
  EXPECT_EQ(theirs.program->environment.at("NAME"), "none");
  EXPECT_EQ(theirs.engine_options, nlohmann::json::parse(R"({"kernel": "fa3", "split": [1, 2.5],
      "deep": {"on": true}, "quoted": "1", "none": null})"));
  EXPECT_EQ(case_from_json(to_json(theirs)).program, theirs.program);
  const Case& other = suite.cases[2];
  EXPECT_THAT(other.program->command, ElementsAre("engine"));
  EXPECT_FALSE(other.program->starts_ranks);
  EXPECT_TRUE(other.program->resident);
  EXPECT_TRUE(other.gates.bounded) << "nobody knows in which order it adds";
  EXPECT_FALSE(other.gates.identical);
}

TEST(Engines, AMatrixMayHaveEngines) {
  const Suite suite = load(with_engines("  theirs: {command: [engine]}\n",
                                        "  - name: base\n"
                                        "  - name: run-{engine}\n"
                                        "    baseline: base\n"
                                        "    matrix: {engine: [isoframe, theirs]}\n"));
  EXPECT_EQ(names_of(suite), "base run-isoframe run-theirs");
  EXPECT_TRUE(suite.cases[1].gates.identical);
  EXPECT_TRUE(suite.cases[2].gates.bounded);
}

TEST(Engines, CommandsRunOnlyIfTheyAreAllowed) {
  const Suite suite = load(with_engines("  theirs: {command: [./engine, a b]}\n",
                                        "  - name: ours\n"
                                        "  - {name: case, engine: theirs}\n"));
  const auto refusal = [&](const AllowedEngines& allowed) -> std::string {
    try {
      check_allowed(suite, allowed);
      return "";
    } catch (const InputError& error) {
      return error.what();
    }
  };
  EXPECT_THAT(refusal({}), HasSubstr("engine 'a b'; if it may run, add --allow-engine theirs"));
  EXPECT_EQ(refusal({.all = true}), "");
  EXPECT_EQ(refusal({.names = {"theirs"}}), "");
  EXPECT_EQ(refusal({.names = {"theirs", "theres"}}),
            "--allow-engine theres: no case runs an engine of that name; did you mean 'theirs'?");
}

TEST(Engines, ADamagedProgramIsNamed) {
  nlohmann::json damaged = {{"command", "engine"}, {"ranks", "harness"}, {"resident", true}};
  EXPECT_THROW(engine_from_json(damaged), InputError);
}

}  // namespace
}  // namespace isoframe::harness::scenario
