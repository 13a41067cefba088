// Expansion of cases: defaults, matrices, names, the environment.

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/records/run_files.h"
#include "tests/unit/harness/scenario/scenario_file.h"

namespace isoframe::harness::scenario {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Expansion, ACaseOverridesDefaultsAndAMatrixOverridesThem) {
  const Suite suite = load(
      "version: 1\ncheckpoint: c\n"
      "defaults: {prompt: x, height: 64, width: 64, frames: 5, steps: 2, seed: 1}\n"
      "cases:\n"
      "  - name: plain\n"
      "  - {name: own, seed: 2}\n"
      "  - {name: axis, matrix: {seed: [3]}}\n"
      "  - name: after\n");
  ASSERT_EQ(suite.cases.size(), 4u);
  EXPECT_EQ(suite.cases[0].seed, 1u);
  EXPECT_EQ(suite.cases[1].seed, 2u);
  EXPECT_EQ(suite.cases[2].seed, 3u);
  EXPECT_EQ(suite.cases[3].seed, 1u) << "an override must not reach the cases after it";
}

TEST(Expansion, OneKeyOfTilingOrGatesIsOverriddenWithoutTheOthers) {
  const Suite suite = load(
      "version: 1\ncheckpoint: c\n"
      "defaults: {prompt: x, height: 64, width: 64, frames: 5, steps: 2,\n"
      "  tiling: {tile_size: 128, overlap: 0.5}, gates: {psnr_min: 40, ssim_min: 0.9}}\n"
      "cases:\n"
      "  - {name: a, tiling: {tile_size: 64}}\n"
      "  - {name: b, tiling: {tile_size: 64}, baseline: a, gates: {psnr_min: 50}}\n");
  EXPECT_EQ(suite.cases[0].tile_size, 64);
  EXPECT_EQ(suite.cases[0].tile_overlap, 0.5);
  EXPECT_EQ(suite.cases[1].gates.psnr_min, 50.0);
  EXPECT_EQ(suite.cases[1].gates.ssim_min, 0.9);
}

TEST(Expansion, AMappingOfTilesTurnsTilingOnAgain) {
  const Suite suite = load(
      "version: 1\ncheckpoint: c\n"
      "defaults: {prompt: x, height: 64, width: 64, frames: 5, steps: 2, tiling: false}\n"
      "cases:\n"
      "  - name: a\n"
      "  - {name: b, tiling: {tile_size: 64}}\n"
      "  - {name: c, tiling: {enabled: false, tile_size: 64}}\n");
  EXPECT_FALSE(suite.cases[0].tiling);
  EXPECT_TRUE(suite.cases[1].tiling);
  EXPECT_FALSE(suite.cases[2].tiling);
}

TEST(Expansion, AMatrixGivesItsProductWithTheLastAxisFastest) {
  const Suite suite = load(kHead + "  - name: a\n    matrix: {height: [64, 80], seed: [1, 2, 3]}\n");
  EXPECT_EQ(names_of(suite), "a-64-1 a-64-2 a-64-3 a-80-1 a-80-2 a-80-3");
  EXPECT_EQ(suite.cases[4].height, 80);
  EXPECT_EQ(suite.cases[4].seed, 2u);
}

TEST(Expansion, NamesAreTemplatesAndTakeTheRestOfTheAxesAtTheirEnd) {
  const Suite suite = load(kHead +
                           "  - name: t2v-{layout}-{width}\n"
                           "    matrix: {layout: [single, 'ulysses=2, vae_patch=2'], seed: [7]}\n");
  EXPECT_EQ(names_of(suite), "t2v-single-64-7 t2v-ulysses2-vae_patch2-64-7");
}

TEST(Expansion, EveryValueOfAnAxisHasANameThatIsAFolder) {
  const Suite suite =
      load(kHead +
           "  - name: a\n"
           "    matrix:\n"
           "      tiling: [false, true, {tile_size: 128, overlap: 0.5}]\n"
           "  - name: b\n"
           "    matrix: {layout: [{ulysses: 2, cfg: 2}], prompt: ['a fox?', 'ein Fuchs, müde']}\n"
           "  - name: c\n"
           "    matrix: {tiling.overlap: [0.5]}\n");
  EXPECT_EQ(
      names_of(suite),
      "a-untiled a-tiled a-tile_size128-overlap0.5 b-ulysses2-cfg2-prompt1 b-ulysses2-cfg2-prompt2 c-0.5");
  EXPECT_FALSE(suite.cases[0].tiling);
  EXPECT_EQ(suite.cases[2].tile_size, 128);
  EXPECT_EQ(suite.cases[5].tile_overlap, 0.5);
}

TEST(Expansion, AMatrixMayHoldItsOwnBaselines) {
  const Suite suite = load(kHead +
                           "  - name: '{height}-{layout}'\n"
                           "    baseline: '{height}-single'\n"
                           "    matrix: {height: [64, 80], layout: [single, ulysses=2]}\n");
  EXPECT_EQ(names_of(suite), "64-single 64-ulysses2 80-single 80-ulysses2");
  EXPECT_EQ(suite.cases[0].baseline, "");
  EXPECT_EQ(suite.cases[1].baseline, "64-single");
  EXPECT_EQ(suite.cases[3].baseline, "80-single");
  EXPECT_TRUE(suite.cases[3].gates.identical);
}

TEST(Expansion, ATemplateKeyMustBeKnownAndSet) {
  EXPECT_EQ(error_of(kHead + "  - name: 'a-{hieght}'\n"),
            "s.yaml:7:11: name 'a-{hieght}' uses the unknown key 'hieght'; did you mean 'height'?");
  EXPECT_EQ(error_of(kHead + "  - name: 'a-{seed}'\n"),
            "s.yaml:7:11: name 'a-{seed}' uses seed, which the case does not set");
  EXPECT_THAT(error_of(kHead + "  - name: 'a-{seed'\n"), StartsWith("s.yaml:7:11: name 'a-{seed' has a '{'"));
  EXPECT_EQ(error_of(kHead + "  - {name: 'a-{prompt}', prompt: 'what?'}\n"),
            "s.yaml:7:34: prompt cannot be part of a name; leave it out of the template");
}

TEST(Expansion, AKeyIsEitherOnTheMatrixOrInTheCase) {
  EXPECT_EQ(error_of(kHead + "  - name: a\n    seed: 1\n    matrix: {seed: [1, 2]}\n"),
            "s.yaml:9:14: seed is on the matrix and in the case, at s.yaml:8:11; keep one");
}

TEST(Expansion, AMatrixThatExplodesIsRefused) {
  std::string seeds;
  for (int seed = 0; seed < 101; ++seed) seeds += (seed == 0 ? "" : ", ") + std::to_string(seed);
  EXPECT_THAT(error_of(kHead + "  - name: a\n    matrix:\n      seed: [" + seeds + "]\n      steps: [" +
                       seeds + "]\n"),
              StartsWith("s.yaml:10:7: the matrix gives more than 10000 cases"));
}

TEST(Expansion, ErrorsInAMatrixPointAtItsEntry) {
  EXPECT_EQ(error_of(kHead + "  - name: a\n    matrix:\n      height:\n        - 64\n        - 70\n"),
            "s.yaml:11:11: height 70 is not a multiple of 16; use 64 or 80");
}

TEST(CaseNames, AreUnique) {
  EXPECT_THAT(error_of(kHead + "  - name: a\n  - name: a\n"),
              StartsWith("s.yaml:8:11: name 'a' is taken at s.yaml:7:11"));
  EXPECT_THAT(error_of(kHead + "  - {name: a, matrix: {seed: [1, 1]}}\n"), HasSubstr("name 'a-1' is taken"));
  EXPECT_THAT(error_of(kHead + "  - name: Ab\n  - name: aB\n"),
              StartsWith("s.yaml:8:11: name 'aB' is taken at s.yaml:7:11"));
}

TEST(CaseNames, AreNoneOfTheFilesThatLieBesideThem) {
  for (const char* file : reports::records::kRunFiles) {
    EXPECT_THAT(error_of(kHead + "  - name: " + file + "\n"),
                StartsWith(std::string("s.yaml:7:11: name '") + file + "' is taken"));
  }
  EXPECT_THAT(error_of(kHead + "  - name: Run.JSON\n"),
              StartsWith("s.yaml:7:11: name 'Run.JSON' is taken: run.json is"));
  EXPECT_THAT(error_of(kHead + "  - {name: run, matrix: {seed: [1]}}\n"), IsEmpty());
}

TEST(CaseNames, AreFolders) {
  for (const char* name : {"'a/b'", "..", "'a b'", "-a", "''", "ä"}) {
    EXPECT_THAT(error_of(kHead + "  - name: " + name + "\n"), StartsWith("s.yaml:7:11: name '")) << name;
  }
  EXPECT_THAT(error_of(kHead + "  - name: " + std::string(200, 'a') + "\n"), EndsWith("120 is the most"));
}

TEST(Checkpoint, IsRelativeToTheScenarioFile) {
  const ScenarioFile file(kHead + "  - name: a\n");
  EXPECT_EQ(load_suite({file.path()}, {}).cases[0].checkpoint, file.folder() / "ckpt");
}

TEST(Checkpoint, ComesFromTheEnvironment) {
  const auto checkpoint = [](const std::string& text) {
    return load("version: 1\ncheckpoint: " + text +
                "\ndefaults: {prompt: x, height: 64, width: 64, frames: 1, steps: 1}\ncases: [{name: a}]\n")
        .cases[0]
        .checkpoint.string();
  };
  setenv("ISOFRAME_TEST_DIR", "/models", 1);
  EXPECT_EQ(checkpoint("${ISOFRAME_TEST_DIR}/tiny"), "/models/tiny");
  EXPECT_EQ(checkpoint("${ISOFRAME_TEST_DIR:-/other}"), "/models");
  unsetenv("ISOFRAME_TEST_DIR");
  EXPECT_EQ(checkpoint("${ISOFRAME_TEST_DIR:-/other}/x"), "/other/x");
}

TEST(Checkpoint, AnUnsetVariableIsNamed) {
  unsetenv("ISOFRAME_TEST_DIR");
  EXPECT_EQ(error_of("version: 1\ncheckpoint: ${ISOFRAME_TEST_DIR}\ncases: [{name: a}]\n"),
            "s.yaml:2:13: checkpoint needs the environment variable ISOFRAME_TEST_DIR; set it, or write "
            "${ISOFRAME_TEST_DIR:-otherwise}");
  EXPECT_THAT(error_of("version: 1\ncheckpoint: '${A B}'\ncases: [{name: a}]\n"),
              HasSubstr("is no variable"));
}

}  // namespace
}  // namespace isoframe::harness::scenario
