// Rules of what a case may ask for, and of how it must agree with its baseline.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/harness/scenario/scenario_file.h"

namespace isoframe::harness::scenario {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string error_of_line(const std::string& line) {
  return error_of(kHead + "  - name: a\n    " + line + "\n");
}

TEST(CaseRules, SizesNameTheNearestThatWouldDo) {
  EXPECT_EQ(error_of_line("height: 100"), "s.yaml:8:13: height 100 is not a multiple of 16; use 96 or 112");
  EXPECT_EQ(error_of_line("width: 10"), "s.yaml:8:12: width 10 is not a multiple of 16; use 16");
  EXPECT_EQ(error_of_line("height: 0"), "s.yaml:8:13: height 0 is outside 1 to 16384");
  EXPECT_EQ(error_of_line("frames: 6"), "s.yaml:8:13: frames 6 is not 1 + 4k; use 5 or 9");
  EXPECT_EQ(error_of_line("frames: 4"), "s.yaml:8:13: frames 4 is not 1 + 4k; use 1 or 5");
  EXPECT_EQ(load(kHead + "  - name: a\n    frames: 1\n").cases[0].frames, 1);
}

TEST(CaseRules, NumbersStayInTheirRanges) {
  EXPECT_EQ(error_of_line("steps: 0"), "s.yaml:8:12: steps 0 is outside 1 to 1000");
  EXPECT_EQ(error_of_line("repeat: 0"), "s.yaml:8:13: repeat 0 is outside 1 to 1000000");
  EXPECT_EQ(error_of_line("warmup: -1"), "s.yaml:8:13: warmup -1 is outside 0 to 1000000");
  EXPECT_EQ(error_of_line("threads_per_rank: 0"), "s.yaml:8:23: threads_per_rank 0 is outside 1 to 1024");
  EXPECT_EQ(error_of_line("timeout_seconds: 0"), "s.yaml:8:22: timeout_seconds 0 is not above 0");
  EXPECT_THAT(error_of_line("guidance_scale: -1"), StartsWith("s.yaml:8:21: guidance_scale -1 is below 0"));
  EXPECT_EQ(error_of_line("tiling: {overlap: -0.25}"), "s.yaml:8:23: tiling.overlap -0.25 is outside 0 to 1");
  EXPECT_EQ(error_of_line("gates: {ssim_min: 1.5}"), "s.yaml:8:23: gates.ssim_min 1.5 is outside -1 to 1");
}

TEST(CaseRules, NoNumberIsNanOrInfinite) {
  for (const char* key : {"guidance_scale: ", "timeout_seconds: ", "meeting_seconds: ", "steps: ", "seed: ",
                          "tiling: {overlap: ", "gates: {ssim_min: ", "gates: {relative_l2_max: ",
                          "gates: {max_difference_max: ", "gates: {latency_ratio_max: "}) {
    for (const std::string& value :
         std::vector<std::string>{".nan", ".inf", "-.inf", "1e999", "nan", std::string(400, '9')}) {
      const std::string line = key + value + (std::string(key).find('{') == std::string::npos ? "" : "}");
      const std::string error = error_of_line(line);
      EXPECT_THAT(error, StartsWith("s.yaml:8:")) << line;
      EXPECT_LT(error.size(), 200u) << error;
    }
  }
  EXPECT_EQ(error_of_line("guidance_scale: .inf"),
            "s.yaml:8:21: guidance_scale wants a finite number, not inf");
}

TEST(CaseRules, SeedsThatWouldRepeatAVideoAreRefused) {
  const std::string kept = "; noise is drawn from 32 bits of it, so greater ones would repeat videos";
  EXPECT_EQ(load(kHead + "  - {name: a, seed: 4294967295}\n").cases[0].seed, 4294967295u);
  EXPECT_EQ(error_of_line("seed: 4294967296"),
            "s.yaml:8:11: seed 4294967296 is outside 0 to 4294967295" + kept);
  EXPECT_THAT(error_of_line("matrix: {seed: [0, 9007199254740993]}"),
              HasSubstr("seed 9007199254740993" + std::string(" is outside")));
}

TEST(CaseRules, TextIsUtf8) {
  EXPECT_EQ(error_of_line("prompt: caf\xe9 at night"),
            "s.yaml:8:13: prompt is not valid UTF-8 at byte 3 (0xe9)");
  EXPECT_EQ(error_of_line("negative_prompt: \"\xff\""),
            "s.yaml:8:22: negative_prompt is not valid UTF-8 at byte 0 (0xff)");
  EXPECT_EQ(error_of(kHead + "  - name: a\xff\n"), "s.yaml:7:11: name is not valid UTF-8 at byte 1 (0xff)");
  EXPECT_EQ(error_of_line("caf\xe9: x"), "s.yaml:8:5: a key is not valid UTF-8 at byte 3");
}

TEST(CaseRules, PathsAreBytes) {
  const Case spec = load(kHead + "  - {name: a, checkpoint: caf\xe9 x}\n").cases[0];
  EXPECT_EQ(spec.checkpoint.filename().native(), "caf\xe9 x");
  EXPECT_EQ(error_of_line("checkpoint: \"a\\0b\""),
            "s.yaml:8:17: checkpoint has a NUL byte, which no path has");
}

TEST(CaseRules, ATileWhoseStrideIsNotWholeInLatentsIsRefusedAtTheTile) {
  EXPECT_THAT(error_of_line("tiling: {tile_size: 96, overlap: 0.25}"), StartsWith("s.yaml:8:25: "));
  EXPECT_EQ(error_of_line("tiling: {tile_size: 96, overlap: 0.5}"), "");
}

TEST(CaseRules, UnknownWordsListTheKnownOnes) {
  EXPECT_EQ(error_of_line("task: t2w"), "s.yaml:8:11: unknown task 't2w'; use t2v or i2v");
  EXPECT_EQ(error_of_line("device: gpu"), "s.yaml:8:13: unknown device 'gpu'; use cpu or cuda or auto");
  EXPECT_EQ(error_of_line("dtype: float23"),
            "s.yaml:8:12: unknown dtype 'float23'; use float32 or bfloat16 or float16");
}

TEST(CaseRules, HalfTypesRunOnEveryDevice) {
  EXPECT_EQ(load(kHead + "  - {name: a, dtype: float16}\n").cases[0].dtype, "float16");
  EXPECT_EQ(load(kHead + "  - {name: a, dtype: bfloat16, device: cuda}\n").cases[0].dtype, "bfloat16");
}

TEST(CaseRules, ImpossibleLayoutsAreRefusedAtTheirPlace) {
  EXPECT_THAT(error_of_line("layout: ulisses=2"), StartsWith("s.yaml:8:13: layout"));
  EXPECT_THAT(error_of_line("layout: cfg=3"), StartsWith("s.yaml:8:13: layout"));
  EXPECT_THAT(error_of_line("layout: {cfg: 3}"), StartsWith("s.yaml:8:13: layout"));
  EXPECT_EQ(error_of_line("layout: {ulises: 2}"),
            "s.yaml:8:14: unknown key 'ulises' in layout; did you mean 'ulysses'?");
}

TEST(CaseRules, LayoutsThatTheCaseItselfMakesImpossibleAreRefused) {
  EXPECT_THAT(error_of_line("layout: ulysses=2,vae_patch=2\n    tiling: false"),
              StartsWith("s.yaml:8:13: layout"));
  EXPECT_THAT(error_of_line("layout: cfg=2\n    guidance_scale: 1"), StartsWith("s.yaml:8:13: layout"));
}

TEST(CaseRules, ALayoutMayBeAMapping) {
  const Suite suite = load(kHead + "  - name: a\n    layout: {ulysses: 2, vae_patch: 2}\n");
  EXPECT_EQ(suite.cases[0].layout, (model::parallel::Layout{.ulysses = 2, .vae_patch = 2}));
}

TEST(CaseRules, MissingKeysAreListedAtTheCase) {
  EXPECT_EQ(error_of("version: 1\ncheckpoint: c\ncases:\n  - name: a\n    height: 64\n    prompt: x\n"),
            "s.yaml:4:5: case 'a' has no frames, steps, width; give it here or in defaults");
  EXPECT_EQ(error_of(kHead + "  - steps: 3\n"), "s.yaml:7:5: the case has no name");
  EXPECT_THAT(error_of("version: 1\ncases: [{name: a}]\n"), HasSubstr("has no checkpoint"));
  EXPECT_THAT(error_of("version: 1\ncheckpoint: c\n"), HasSubstr("has no cases"));
}

TEST(CaseRules, WhatThisVersionCannotRunIsSkippedWithAReason) {
  const auto reason = [](const std::string& line) {
    return load(kHead + "  - name: a\n    " + line + "\n").cases[0].skip_reason;
  };
  EXPECT_EQ(reason("seed: 1"), "");
  EXPECT_EQ(reason("task: i2v\n    image: x.png"), "");
  EXPECT_EQ(reason("layout: tensor=2,ring=2"), "");
  EXPECT_THAT(reason("device: cuda"), HasSubstr("device 'cuda': this "));
  EXPECT_EQ(reason("task: i2v\n    image: x.png\n    device: cuda"), reason("device: cuda"));
}

TEST(CaseRules, ACaseIsSkippedWithItsBaseline) {
  const Suite suite =
      load(kHead + "  - {name: a, device: cuda}\n  - {name: b, baseline: a, expected_different: true}\n");
  EXPECT_THAT(suite.cases[1].skip_reason, HasSubstr("its baseline is skipped: device 'cuda'"));
}

TEST(CaseRules, CudaComputesInBfloat16UnlessToldOtherwise) {
  EXPECT_EQ(load(kHead + "  - {name: a, device: cuda}\n").cases[0].dtype, "bfloat16");
  EXPECT_EQ(load(kHead + "  - {name: a, device: cuda, dtype: float32}\n").cases[0].dtype, "float32");
}

TEST(CaseRules, AutoIsTheDeviceOfTheMachine) {
  const Case by_itself = load(kHead + "  - {name: a, device: auto}\n").cases[0];
  const bool has_gpu = load(kHead + "  - {name: a, device: cuda}\n").cases[0].skip_reason.empty();
  EXPECT_EQ(by_itself.device, has_gpu ? "cuda" : "cpu");
  EXPECT_EQ(by_itself.dtype, has_gpu ? "bfloat16" : "float32");
  EXPECT_EQ(by_itself.skip_reason, "");
}

TEST(CaseRules, TheCommandLinesDeviceIsForCasesThatNameNone) {
  const Suite suite = load(kHead + "  - {name: own, device: cpu}\n  - {name: open}\n", {.device = "cuda"});
  EXPECT_EQ(suite.cases[0].device, "cpu");
  EXPECT_EQ(suite.cases[1].device, "cuda");
  EXPECT_EQ(suite.cases[1].dtype, "bfloat16");
}

TEST(CaseRules, Tf32IsForFloat32OnCuda) {
  EXPECT_TRUE(load(kHead + "  - {name: a, device: cuda, dtype: float32, tf32: true}\n").cases[0].tf32);
  EXPECT_EQ(error_of_line("tf32: true"),
            "s.yaml:8:11: tf32 is for float32 on cuda; this case is float32 on cpu");
  EXPECT_THAT(error_of_line("device: cuda\n    tf32: true"), HasSubstr("this case is bfloat16 on cuda"));
}

TEST(CaseRules, OnlyImageToVideoTakesAnImage) {
  EXPECT_EQ(error_of_line("image: x.png"), "s.yaml:8:12: image is for task i2v; this case is t2v");
  EXPECT_THAT(error_of_line("task: i2v"), HasSubstr("case 'a' has no image"));
}

TEST(CaseRules, ASizeHasTwoSides) {
  const std::string head =
      "version: 1\ncheckpoint: c\ndefaults: {prompt: p, frames: 1, steps: 1, task: i2v, image: "
      "x.png}\ncases:\n";
  EXPECT_EQ(load(head + "  - {name: a}\n").cases[0].height, std::nullopt);
  EXPECT_THAT(error_of(head + "  - {name: a, height: 64}\n"), HasSubstr("height and width go together"));
  EXPECT_THAT(error_of(head + "  - {name: a, width: 64}\n"), HasSubstr("height and width go together"));
}

TEST(CaseRules, ACaseMayNameItsOwnCheckpoint) {
  const std::string text = kHead + "  - {name: a, checkpoint: mine}\n  - {name: b}\n";
  const Suite suite = load(text);
  EXPECT_EQ(suite.cases[0].checkpoint.filename(), "mine");
  EXPECT_EQ(suite.cases[1].checkpoint.filename(), "ckpt");
  const Suite overridden = load(text, {.checkpoint = "other"});
  EXPECT_EQ(overridden.cases[0].checkpoint.filename(), "mine");
  EXPECT_EQ(overridden.cases[1].checkpoint, "other");
  EXPECT_THAT(error_of(kHead + "  - {name: a, checkpoint: mine, baseline: b}\n  - {name: b}\n"),
              HasSubstr("both must ask for the same frames"));
}

TEST(Baselines, MustExist) {
  EXPECT_EQ(error_of(kHead + "  - name: tiled\n  - name: b\n    baseline: tilled\n"),
            "s.yaml:9:15: baseline 'tilled' is no case of this file; did you mean 'tiled'?");
}

TEST(Baselines, HaveNoBaselineThemselves) {
  EXPECT_EQ(error_of(kHead + "  - name: a\n  - {name: b, baseline: a}\n  - {name: c, baseline: b}\n"),
            "s.yaml:9:25: baseline 'b' has a baseline itself, 'a' (s.yaml:8:25); name that one");
}

TEST(Baselines, AgreeInWhatDecidesTheFrames) {
  const auto error = [](const std::string& line) {
    return error_of(kHead + "  - name: a\n    seed: 1\n  - name: b\n    baseline: a\n    seed: 1\n" + line);
  };
  EXPECT_EQ(error(""), "");
  EXPECT_EQ(error_of(kHead + "  - name: a\n    seed: 1\n  - name: b\n    baseline: a\n    seed: 2\n"),
            "s.yaml:11:11: seed 2 of 'b' is not its baseline's: 'a' has 1 (s.yaml:8:11); both must ask for "
            "the same "
            "frames");
  EXPECT_THAT(
      error("    prompt: a dog\n"),
      StartsWith(
          "s.yaml:12:13: prompt \"a dog\" of 'b' is not its baseline's: 'a' has \"a fox\" (s.yaml:3:"));
  EXPECT_THAT(error("    negative_prompt: dull\n"), StartsWith("s.yaml:12:22: negative_prompt"));
  EXPECT_THAT(error("    height: 80\n"), StartsWith("s.yaml:12:13: height 80"));
  EXPECT_THAT(error("    width: 80\n"), StartsWith("s.yaml:12:12: width 80"));
  EXPECT_THAT(error("    frames: 9\n"), StartsWith("s.yaml:12:13: frames 9"));
  EXPECT_THAT(error("    steps: 3\n"), StartsWith("s.yaml:12:12: steps 3"));
  EXPECT_THAT(error("    guidance_scale: 3\n"), HasSubstr("'a' has the checkpoint's own"));
  EXPECT_THAT(error("    threads_per_rank: 2\n"), StartsWith("s.yaml:12:23: threads_per_rank 2"));
  EXPECT_THAT(error("    tiling: false\n"), StartsWith("s.yaml:12:13: tiling.enabled false"));
  EXPECT_THAT(error("    tiling: {tile_size: 128}\n"), StartsWith("s.yaml:12:25: tiling.tile_size 128"));
  EXPECT_THAT(error("    device: cuda\n"), HasSubstr("is not its baseline's"));
}

TEST(Baselines, AGateOnTimeNeedsAsManyRounds) {
  const std::string base = kHead + "  - {name: base, repeat: 5}\n";
  EXPECT_EQ(error_of(base + "  - {name: a, baseline: base, repeat: 6, gates: {latency_ratio_max: 1.1}}\n"),
            "s.yaml:8:39: repeat 6 of 'a' is not its baseline's: 'base' has 5 (s.yaml:7:26); "
            "gates.latency_ratio_max compares times round by round, so both need the same");
  EXPECT_EQ(error_of(base + "  - {name: a, baseline: base, repeat: 6}\n"), "") << "only frames are compared";
  EXPECT_EQ(error_of(base + "  - {name: a, baseline: base, repeat: 5, gates: {latency_ratio_max: 1.1}}\n"),
            "");
  EXPECT_EQ(error_of(base + "  - {name: a, baseline: base, repeat: 6, gates: {latency_ratio_max: 1.1}}\n",
                     {.repeat = 7}),
            "");
}

TEST(Baselines, Float32IsNotWhatTf32IsComparedWith) {
  const std::string head =
      "version: 1\ncheckpoint: c\n"
      "defaults: {prompt: x, height: 64, width: 64, frames: 1, steps: 1, device: cuda, dtype: float32}\n"
      "cases:\n  - name: a\n  - {name: b, baseline: a, tf32: true";
  EXPECT_THAT(error_of(head + "}\n"),
              HasSubstr("tf32 true of 'b' is not its baseline's: 'a' has false (s.yaml:5:5)"));
  EXPECT_EQ(error_of(head + ", expected_different: true}\n"), "");
}

TEST(Baselines, MayBeComputedInAnotherWayWhereDifferentFramesAreExpected) {
  const std::string head =
      kHead + "  - name: a\n  - name: b\n    baseline: a\n    expected_different: true\n";
  EXPECT_EQ(error_of(head + "    tiling: false\n"), "");
  EXPECT_EQ(error_of(head + "    threads_per_rank: 2\n"), "");
  EXPECT_THAT(error_of(head + "    seed: 2\n"), HasSubstr("seed 2 of 'b' is not its baseline's"));
}

TEST(Baselines, ACaseThatNamesItselfIsTheBaseline) {
  const Suite suite = load(
      "version: 1\ncheckpoint: c\n"
      "defaults: {prompt: x, height: 64, width: 64, frames: 1, steps: 1, baseline: a,\n"
      "  gates: {latency_ratio_max: 1.5}}\n"
      "cases: [{name: a}, {name: b}]\n");
  EXPECT_EQ(suite.cases[0].baseline, "");
  EXPECT_FALSE(suite.cases[0].gates.latency_ratio_max.has_value());
  EXPECT_EQ(suite.cases[1].baseline, "a");
  EXPECT_EQ(suite.cases[1].gates.latency_ratio_max, 1.5);
}

TEST(CaseGates, IdenticalFramesAreAskedForUnlessAQualityGateSaysOtherwise) {
  const Suite suite = load(kHead +
                           "  - name: a\n"
                           "  - {name: plain, baseline: a}\n"
                           "  - {name: timed, baseline: a, gates: {latency_ratio_max: 1.2}}\n"
                           "  - {name: close, baseline: a, gates: {psnr_min: 40}}\n"
                           "  - {name: loose, baseline: a, gates: {identical: false}}\n"
                           "  - {name: other, baseline: a, expected_different: true}\n");
  std::string identical;
  for (const Case& spec : suite.cases) identical += spec.gates.identical ? '1' : '0';
  EXPECT_EQ(identical, "011000");
  EXPECT_EQ(suite.cases[3].gates.psnr_min, 40.0);
}

TEST(CaseGates, EveryGateOnFramesOrLatentsTakesThePlaceOfIdenticalFrames) {
  for (const Gate& gate : kGates) {
    const Suite suite =
        load(kHead + "  - name: a\n  - {name: b, baseline: a, gates: {" + gate.name + ": 0.5}}\n");
    EXPECT_EQ(suite.cases[1].gates.*gate.bound, 0.5) << gate.name;
    EXPECT_EQ(suite.cases[1].gates.identical, is_ratio(gate)) << gate.name;
  }
}

TEST(CaseGates, AnotherOrderOfAdditionIsBoundedUnlessIdenticalIsAskedFor) {
  const Suite suite = load(
      kHead +
      "  - name: a\n"
      "  - {name: ring, baseline: a, layout: ring=2}\n"
      "  - {name: tensor, baseline: a, layout: tensor=2, reduction: deterministic}\n"
      "  - {name: exact, baseline: a, layout: ring=2, gates: {identical: true}}\n"
      "  - {name: parts, reduction_parts: 2}\n"
      "  - {name: equal, baseline: parts, layout: tensor=2, reduction: deterministic}\n"
      "  - {name: gpu, device: cuda, dtype: float32}\n"
      "  - {name: gpu-rows, device: cuda, dtype: float32, baseline: gpu, layout: ulysses=2}\n"
      "  - {name: gpu-tiles, device: cuda, dtype: float32, baseline: gpu, layout: 'cfg=2,vae_patch=2'}\n");
  std::string gates;
  for (const Case& spec : suite.cases) gates += spec.gates.identical ? 'i' : spec.gates.bounded ? 'b' : '-';
  EXPECT_EQ(gates, "-bbi-i-bi");
}

TEST(CaseRules, ReductionPartsAreForASingleTensorRank) {
  EXPECT_EQ(error_of_line("layout: tensor=2\n    reduction_parts: 2"),
            "s.yaml:9:22: reduction_parts 2 is for tensor=1; layout 'tensor=2' adds in 2 parts already");
  EXPECT_THAT(error_of_line("reduction: slow"), HasSubstr("unknown reduction 'slow'"));
}

TEST(CaseGates, NeedABaseline) {
  EXPECT_EQ(error_of_line("gates: {psnr_min: 40}"),
            "s.yaml:8:23: gates.psnr_min needs a baseline to compare with; name one");
  EXPECT_EQ(error_of_line("expected_different: true"),
            "s.yaml:8:25: expected_different needs a baseline to compare with; name one");
}

TEST(CaseGates, IdenticalContradictsExpectedDifferent) {
  EXPECT_EQ(
      error_of(kHead + "  - name: a\n  - {name: b, baseline: a, expected_different: true, gates: {identical: "
                       "true}}\n"),
      "s.yaml:8:73: gates.identical contradicts expected_different; keep one");
}

}  // namespace
}  // namespace isoframe::harness::scenario
