// Suites: overrides, filters, JSON, the table, the scenarios that the repository ships.

#include <cstdlib>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/scenario/describe.h"
#include "harness/scenario/did_you_mean.h"
#include "tests/unit/harness/scenario/scenario_file.h"

namespace isoframe::harness::scenario {
namespace {

using testing::HasSubstr;
using testing::Not;

std::filesystem::path shipped(const std::string& name) {
  std::filesystem::path root = __FILE__;
  for (int level = 0; level < 5; ++level) root = root.parent_path();
  return root / "scenarios" / name;
}

const std::string kFour = kHead +
                          "  - name: base\n"
                          "  - {name: fast-1, baseline: base}\n"
                          "  - {name: fast-2, baseline: base}\n"
                          "  - name: lone\n";

TEST(Filter, KeepsTheBaselinesOfTheCasesThatMatchInFileOrder) {
  EXPECT_EQ(names_of(load(kFour, {.filter = "fast-2"})), "base fast-2");
  EXPECT_EQ(names_of(load(kFour, {.filter = "fast-*"})), "base fast-1 fast-2");
  EXPECT_EQ(names_of(load(kFour, {.filter = "l?ne"})), "lone");
  EXPECT_EQ(names_of(load(kFour, {.filter = ""})), "base fast-1 fast-2 lone");
}

TEST(Filter, ThatMatchesNothingIsAnError) {
  EXPECT_EQ(error_of(kFour, {.filter = "fats-1"}),
            "no case matches --filter 'fats-1'; did you mean 'fast-1'?");
  EXPECT_EQ(error_of(kFour, {.filter = "zzzzzz*"}),
            "no case matches --filter 'zzzzzz*'; isoframe validate lists their names");
}

TEST(Filter, DoesNotHideErrorsInOtherCases) {
  EXPECT_THAT(error_of(kFour + "  - {name: bad, steps: 0}\n", {.filter = "lone"}), HasSubstr("steps 0"));
}

TEST(Overrides, ReplaceWhatTheFileSays) {
  const Suite suite = load(kFour, {.checkpoint = "elsewhere", .repeat = 7});
  EXPECT_EQ(suite.cases[1].checkpoint, "elsewhere");
  EXPECT_EQ(suite.cases[1].repeat, 7);
  EXPECT_THAT(error_of(kFour, {.repeat = 0}), HasSubstr("--repeat 0"));
}

TEST(Overrides, ACheckpointFromTheCommandLineNeedsNoEnvironment) {
  unsetenv("ISOFRAME_TEST_DIR");
  EXPECT_EQ(error_of("version: 1\ncheckpoint: ${ISOFRAME_TEST_DIR}\n"
                     "cases: [{name: a, prompt: x, height: 64, width: 64, frames: 1, steps: 1}]\n",
                     {.checkpoint = "c"}),
            "");
}

TEST(Suites, NamesAreUniqueOverFiles) {
  const ScenarioFile first(kHead + "  - name: a\n", "first.yaml");
  const ScenarioFile second(kHead + "  - name: a\n", "second.yaml");
  EXPECT_THAT(
      [&] {
        load_suite({first.path(), second.path()}, {});
      },
      testing::ThrowsMessage<InputError>(
          testing::AllOf(HasSubstr("second.yaml:7:5: case 'a'"), HasSubstr("first.yaml:7:5"))));
}

TEST(CaseJson, TakesEveryFieldThereAndBack) {
  Case value;
  value.name = "n";
  value.task = "i2v";
  value.checkpoint = "c/d";
  value.image = "x.png";
  value.prompt = "a \"sign\"\n猫";
  value.negative_prompt = "dull";
  value.height = 64;
  value.width = 80;
  value.frames = 9;
  value.steps = 3;
  value.seed = 9223372036854775807ULL;
  value.guidance_scale = 1.0 / 3.0;
  value.tiling = false;
  value.tile_size = 128;
  value.tile_overlap = 0.1;
  value.layout = {.ulysses = 2, .cfg = 2, .vae_patch = 3};
  value.reduction = model::parallel::Reduction::kDeterministic;
  value.reduction_parts = 2;
  value.dtype = "bfloat16";
  value.device = "cuda";
  value.tf32 = true;
  value.threads_per_rank = 3;
  value.warmup = 4;
  value.repeat = 5;
  value.timeout_seconds = 6.5;
  value.meeting_seconds = 7.5;
  value.launcher = "mpirun -n {ranks} {worker}";
  value.baseline = "b";
  value.expected_different = true;
  value.gates = {.identical = true,
                 .bounded = true,
                 .psnr_min = std::numeric_limits<double>::infinity(),
                 .ssim_min = 0.9,
                 .relative_l2_max = 1e-5,
                 .max_difference_max = 0.0,
                 .latency_ratio_max = 1.5,
                 .peak_tensor_ratio_max = 0.75};
  Published published;
  published.title = "Tiled";
  published.seconds = 2.5;
  published.psnr = std::numeric_limits<double>::infinity();
  value.published = published;
  value.skip_reason = "because";
  value.where = {"f.yaml", 3, 5};

  const nlohmann::json json = to_json(value);
  // Through text, as it travels to the ranks.
  const nlohmann::json again = to_json(case_from_json(nlohmann::json::parse(json.dump())));
  EXPECT_EQ(json, again);
  EXPECT_EQ(json.at("layout"), "ulysses=2,cfg=2,vae_patch=3");
  EXPECT_EQ(json.at("gates").at("psnr_min"), "inf");
  // Nothing is left at its default, so a field that is forgotten in either direction shows.
  const nlohmann::json fresh = to_json(Case{});
  for (const auto& [key, unset] : fresh.items()) EXPECT_NE(json.at(key), unset) << key;
}

TEST(CaseJson, UnsetGatesAreAbsentAndTheDefaultGuidanceIsNull) {
  const nlohmann::json json = to_json(Case{});
  EXPECT_EQ(json.at("gates"), nlohmann::json({{"identical", false}, {"bounded", false}}));
  EXPECT_TRUE(json.at("guidance_scale").is_null());
  EXPECT_FALSE(case_from_json(json).guidance_scale.has_value());
  EXPECT_FALSE(case_from_json(json).gates.psnr_min.has_value());
}

TEST(Table, ShowsGatesAndSkippedCases) {
  const std::string text =
      table(load(kHead + "  - name: base\n"
                         "  - {name: u2, layout: ulysses=2, baseline: base, gates: {psnr_min: 40}}\n"
                         "  - {name: gpu, device: cuda}\n"));
  EXPECT_THAT(text,
              HasSubstr("u2    ulysses=2  2      64x64  5       2      64 / 0.25  base      PSNR >= 40\n"));
  EXPECT_THAT(text, HasSubstr("(skipped: device 'cuda': this "));
  EXPECT_THAT(text, HasSubstr("3 cases in 1 file, 1 skipped\n"));
}

TEST(DidYouMean, OffersASlipButNotAnotherWord) {
  const std::vector<std::string> words = {"height", "width", "frames"};
  EXPECT_EQ(did_you_mean("hieght", words), "; did you mean 'height'?");
  EXPECT_EQ(did_you_mean("framse", words), "; did you mean 'frames'?");
  EXPECT_EQ(did_you_mean("prompt", words), "");
  EXPECT_EQ(did_you_mean(std::string(100'000, 'x'), words), "");
}

std::string layouts_of(const std::vector<Case>& cases) {
  std::string layouts;
  for (const Case& value : cases) layouts += model::parallel::to_string(value.layout) + " ";
  return layouts;
}

TEST(ShippedScenarios, EveryLayoutIsHeldAgainstOneTiledRank) {
  const std::vector<Case> smoke = load_suite({shipped("smoke.yaml")}, {}).cases;
  const std::vector<Case> from_image = load_suite({shipped("image-to-video.yaml")}, {}).cases;
  std::vector<Case> all = smoke;
  all.insert(all.end(), from_image.begin(), from_image.end());
  for (const Case& value : all) {
    const std::string baseline = value.task + "-tiled";
    EXPECT_EQ(value.baseline, value.name == baseline ? "" : baseline);
    EXPECT_EQ(value.checkpoint.filename(), value.task == "t2v" ? "tiny" : "tiny-i2v");
    EXPECT_EQ(value.gates.identical || value.gates.bounded,
              !value.baseline.empty() && !value.expected_different)
        << value.name;
    EXPECT_EQ(value.gates.bounded, value.layout.ring > 1 || value.layout.tensor > 1) << value.name;
    EXPECT_EQ(value.skip_reason, "");
    EXPECT_EQ(value.threads_per_rank, 1);
    EXPECT_THAT(value.prompt, HasSubstr("\"KEEP LEFT\""));
  }
  const std::string every =
      "single ulysses=2 ulysses=2,vae_patch=2 cfg=2 ulysses=2,cfg=2,vae_patch=4 ulysses=2,cfg=2,vae_patch=3 "
      "ring=2 tensor=2,vae_patch=2 ";
  // In front of text-to-video's is an untiled case.
  EXPECT_FALSE(smoke[0].tiling);
  EXPECT_EQ(layouts_of(smoke),
            "single " + every + "single ulysses=2,vae_patch=2 ulysses=2,cfg=2,vae_patch=4 ");
  EXPECT_EQ(layouts_of(from_image), every);
}

TEST(ShippedScenarios, PublishedSmallHoldsThePublishedRowsInTheirOrder) {
  const auto rows_of = [](const char* file) {
    std::string rows;
    for (const Case& value : load_suite({shipped(file)}, {}).cases) {
      rows +=
          fmt::format("{} {} {} against {}\n", value.task, model::parallel::to_string(value.layout),
                      value.tiling ? "tiled" : "untiled", value.baseline.empty() ? "nothing" : "a baseline");
    }
    return rows;
  };
  EXPECT_EQ(rows_of("published-small.yaml"), rows_of("published.yaml"));
}

TEST(ShippedScenarios, PublishedHoldsEveryRowWithItsOwnSizes) {
  const Suite suite = load_suite({shipped("published.yaml")}, {});
  std::string rows;
  for (const Case& value : suite.cases) {
    rows += fmt::format("{} {} {}f {}s {}{}\n", value.task, model::parallel::to_string(value.layout),
                        value.frames, value.steps, value.tiling ? "tiled" : "untiled",
                        value.skip_reason.empty() ? "" : " skipped");
    EXPECT_EQ(value.seed, 42u);
    if (value.task == "t2v") {
      EXPECT_EQ(value.height, 480);
      EXPECT_EQ(value.width, 832);
    } else {
      EXPECT_TRUE(std::filesystem::is_regular_file(value.image)) << value.image;
    }
  }
  EXPECT_EQ(rows,
            "t2v single 33f 50s untiled\n"
            "t2v single 33f 50s tiled\n"
            "t2v ulysses=2,vae_patch=2 33f 50s tiled\n"
            "t2v ulysses=2,cfg=2,vae_patch=4 33f 50s tiled\n"
            "i2v single 33f 50s tiled\n"
            "i2v ulysses=2,cfg=2,vae_patch=4 33f 50s tiled\n"
            "t2v single 5f 2s tiled\n"
            "t2v ulysses=2,tensor=2,vae_patch=4 5f 2s tiled\n"
            "t2v cfg=2,tensor=2,vae_patch=4 5f 2s tiled\n");
}

}  // namespace
}  // namespace isoframe::harness::scenario
