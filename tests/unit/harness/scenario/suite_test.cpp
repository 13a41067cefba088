// Suites: overrides, filters, JSON, the table, the scenarios that the repository ships.

#include <cstdlib>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/scenario/case_json.h"
#include "harness/scenario/describe.h"
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
  EXPECT_THAT(load(kFour, {.filter = "fast-2"}).left_out, testing::ElementsAre("fast-1", "lone"));
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
  Case spec;
  spec.name = "n\xff";
  spec.task = "i2v";
  spec.checkpoint = "c/d\xe9";
  spec.image = "x.png";
  spec.prompt = "a \"sign\"\n猫";
  spec.negative_prompt = "dull";
  spec.height = 64;
  spec.width = 80;
  spec.frames = 9;
  spec.steps = 3;
  spec.seed = 9223372036854775807ULL;
  spec.variant = "fp16";
  spec.guidance_scale = 1.0 / 3.0;
  spec.tiling = false;
  spec.tile_size = 128;
  spec.tile_overlap = 0.1;
  spec.layout = {.ulysses = 2, .cfg = 2, .vae_patch = 3};
  spec.reduction = model::parallel::Reduction::kDeterministic;
  spec.reduction_parts = 2;
  spec.dtype = "bfloat16";
  spec.device = "cuda";
  spec.tf32 = true;
  spec.threads_per_rank = 3;
  spec.warmup = 4;
  spec.repeat = 5;
  spec.timeout_seconds = 6.5;
  spec.meeting_seconds = 7.5;
  spec.resident = false;
  spec.engine = "other";
  spec.program = Engine{
      .command = {"engine", "\xff"}, .starts_ranks = true, .resident = false, .environment = {{"A", "b"}}};
  spec.engine_options = {{"kernel", "fa3"}};
  spec.noise = "shared";
  spec.launcher = "mpirun -n {ranks} {worker}";
  spec.baseline = "b";
  spec.compare_by = "locked";
  spec.expected_different = true;
  for (const GateClaim& claim : kGateClaims) spec.gates.*claim.asked = true;
  for (const Gate& gate : kGates) spec.gates.*gate.bound = 0.5;
  spec.gates.psnr_min = std::numeric_limits<double>::infinity();
  reports::records::PublishedFigures published;
  published.title = "Tiled";
  published.seconds = 2.5;
  published.psnr = std::numeric_limits<double>::infinity();
  spec.published = published;
  spec.skip_reason = "because";
  spec.where = {"f.yaml", 3, 5};

  const nlohmann::json json = to_json(spec);
  // A case travels to the ranks as text.
  const nlohmann::json again = to_json(case_from_json(nlohmann::json::parse(json.dump())));
  EXPECT_EQ(json, again);
  EXPECT_EQ(json.at("layout"), "ulysses=2,cfg=2,vae_patch=3");
  EXPECT_EQ(json.at("gates").at("psnr_min"), "inf");
  EXPECT_EQ(json.at("gates").size(), std::size(kGateClaims) + std::size(kGates));
  // No field is left at its default, so that one forgotten in either direction shows.
  const nlohmann::json fresh = to_json(Case{});
  for (const auto& [key, unset] : fresh.items()) EXPECT_NE(json.at(key), unset) << key;
}

/// A case that could have been measured.
Case smallest() {
  Case spec;
  spec.frames = spec.steps = 1;
  return spec;
}

TEST(CaseJson, AValueThatNoScenarioMayHaveIsNamed) {
  const nlohmann::json whole = to_json(smallest());
  const auto refusal = [&](const char* key, const nlohmann::json& value) -> std::string {
    nlohmann::json damaged = whole;
    damaged[key] = value;
    try {
      case_from_json(damaged);
    } catch (const InputError& error) {
      return error.what();
    }
    return "not refused";
  };
  EXPECT_EQ(refusal("repeat", 0), "the case's 'repeat' is 0, below 1");
  EXPECT_EQ(refusal("repeat", 1'000'000'000), "the case's 'repeat' is 1000000000, above 1000000");
  EXPECT_EQ(refusal("timeout_seconds", 0.0), "the case's 'timeout_seconds' is 0.0, not above 0");
  EXPECT_EQ(refusal("tile_overlap", 1), "the case's 'tiling.overlap' is 1, not below 1");
  EXPECT_EQ(refusal("device", "gpu"), "the case's 'device' is \"gpu\", not cpu or cuda or auto");
  EXPECT_EQ(refusal("gates", "none"),
            "one of the case's 'name', 'gates', 'skip_reason' and 'where' is missing or damaged");
  EXPECT_EQ(refusal("seed", std::numeric_limits<std::uint64_t>::max()), "not refused")
      << "earlier versions took it";
}

TEST(CaseJson, UnsetGatesAreAbsentAndTheDefaultGuidanceIsNull) {
  const nlohmann::json json = to_json(smallest());
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

std::string layouts_of(const std::vector<Case>& cases) {
  std::string layouts;
  for (const Case& spec : cases) layouts += model::parallel::to_string(spec.layout) + " ";
  return layouts;
}

TEST(ShippedScenarios, EveryLayoutIsHeldAgainstOneTiledRank) {
  const std::vector<Case> smoke = load_suite({shipped("smoke.yaml")}, {}).cases;
  const std::vector<Case> from_image = load_suite({shipped("image-to-video.yaml")}, {}).cases;
  std::vector<Case> all = smoke;
  all.insert(all.end(), from_image.begin(), from_image.end());
  for (const Case& spec : all) {
    const std::string baseline = spec.task + "-tiled";
    EXPECT_EQ(spec.baseline, spec.name == baseline ? "" : baseline);
    EXPECT_EQ(spec.checkpoint.filename(), spec.task == "t2v" ? "tiny" : "tiny-i2v");
    EXPECT_EQ(spec.gates.identical || spec.gates.bounded, !spec.baseline.empty() && !spec.expected_different)
        << spec.name;
    EXPECT_EQ(spec.gates.bounded, spec.layout.ring > 1 || spec.layout.tensor > 1) << spec.name;
    EXPECT_EQ(spec.skip_reason, "");
    EXPECT_EQ(spec.threads_per_rank, 1);
    EXPECT_THAT(spec.prompt, HasSubstr("\"KEEP LEFT\""));
  }
  const std::string every =
      "single ulysses=2 ulysses=2,vae_patch=2 cfg=2 ulysses=2,cfg=2,vae_patch=4 ulysses=2,cfg=2,vae_patch=3 "
      "ring=2 tensor=2,vae_patch=2 ";
  // An untiled case comes before text-to-video's baseline.
  EXPECT_FALSE(smoke[0].tiling);
  EXPECT_EQ(layouts_of(smoke),
            "single " + every + "single ulysses=2,vae_patch=2 ulysses=2,cfg=2,vae_patch=4 ");
  EXPECT_EQ(layouts_of(from_image), every);
}

TEST(ShippedScenarios, PublishedSmallHoldsThePublishedRowsInTheirOrder) {
  const auto rows_of = [](const char* file) {
    std::string rows;
    for (const Case& spec : load_suite({shipped(file)}, {}).cases) {
      rows +=
          fmt::format("{} {} {} against {}\n", spec.task, model::parallel::to_string(spec.layout),
                      spec.tiling ? "tiled" : "untiled", spec.baseline.empty() ? "nothing" : "a baseline");
    }
    return rows;
  };
  EXPECT_EQ(rows_of("published-small.yaml"), rows_of("published.yaml"));
}

TEST(ShippedScenarios, PublishedHoldsEveryRowWithItsOwnSizes) {
  const Suite suite = load_suite({shipped("published.yaml")}, {});
  std::string rows;
  for (const Case& spec : suite.cases) {
    rows += fmt::format("{} {} {}f {}s {}{}\n", spec.task, model::parallel::to_string(spec.layout),
                        spec.frames, spec.steps, spec.tiling ? "tiled" : "untiled",
                        spec.skip_reason.empty() ? "" : " skipped");
    EXPECT_EQ(spec.seed, 42u);
    if (spec.task == "t2v") {
      EXPECT_EQ(spec.height, 480);
      EXPECT_EQ(spec.width, 832);
    } else {
      EXPECT_TRUE(std::filesystem::is_regular_file(spec.image)) << spec.image;
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
