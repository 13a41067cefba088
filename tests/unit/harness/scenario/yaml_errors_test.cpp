// Errors of files that are no scenario at all: syntax, types, keys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/harness/scenario/scenario_file.h"

namespace isoframe::harness::scenario {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(ScenarioYaml, SyntaxErrorsSayWhere) {
  EXPECT_THAT(error_of("version: 1\ncases:\n  - name: [a, b\n"), StartsWith("s.yaml:4:1: not YAML: "));
  EXPECT_THAT(error_of("version: 1\n\tcases: x\n"), StartsWith("s.yaml:2:1: not YAML: "));
}

TEST(ScenarioYaml, DeepNestingIsAnErrorNotACrash) {
  EXPECT_THAT(error_of("version: " + std::string(100'000, '[')), StartsWith("s.yaml:1:"));
}

TEST(ScenarioYaml, AnEmptyFileIsRefused) {
  EXPECT_THAT(error_of(""), StartsWith("s.yaml:1:1: the file is empty"));
  EXPECT_THAT(error_of("# only a comment\n"), StartsWith("s.yaml:1:1: the file is empty"));
}

TEST(ScenarioYaml, AFileThatIsNoMappingIsRefused) {
  EXPECT_THAT(error_of("- version: 1\n"), StartsWith("s.yaml:1:1: a scenario is a mapping"));
  EXPECT_THAT(error_of("hello\n"), StartsWith("s.yaml:1:1: a scenario is a mapping"));
}

TEST(ScenarioYaml, ASecondDocumentIsNotSilentlyIgnored) {
  EXPECT_THAT(error_of(kHead + "  - name: a\n---\nversion: 1\n"), HasSubstr(":9:1: a second YAML document"));
}

TEST(ScenarioYaml, MissingFilesAndFoldersAreRefused) {
  const ScenarioFile file("version: 1\n");
  EXPECT_THAT([&] { load_suite({file.folder() / "none.yaml"}, {}); },
              testing::ThrowsMessage<InputError>(HasSubstr("none.yaml: no such scenario file")));
  EXPECT_THAT([&] { load_suite({file.folder()}, {}); },
              testing::ThrowsMessage<InputError>(HasSubstr("is a folder")));
}

TEST(ScenarioYaml, MisspeltKeysGetTheNearestKnownOne) {
  EXPECT_EQ(error_of(kHead + "  - name: a\n    stpes: 3\n"),
            "s.yaml:8:5: unknown key 'stpes' in a case; did you mean 'steps'?");
  EXPECT_EQ(error_of("version: 1\nchekpoint: x\n"),
            "s.yaml:2:1: unknown key 'chekpoint' in a scenario; did you mean 'checkpoint'?");
  EXPECT_EQ(error_of("version: 1\ndefaults:\n  promt: x\ncases: [{name: a}]\ncheckpoint: c\n"),
            "s.yaml:3:3: unknown key 'promt' in defaults; did you mean 'prompt'?");
  EXPECT_EQ(error_of(kHead + "  - name: a\n    tiling: {tile_sise: 64}\n"),
            "s.yaml:8:14: unknown key 'tile_sise' in tiling; did you mean 'tile_size'?");
  EXPECT_EQ(error_of(kHead + "  - {name: a, gates: {pnsr_min: 40}}\n"),
            "s.yaml:7:23: unknown key 'pnsr_min' in gates; did you mean 'psnr_min'?");
  EXPECT_EQ(error_of(kHead + "  - {name: a, matrix: {hight: [64]}}\n"),
            "s.yaml:7:24: unknown key 'hight' in matrix; did you mean 'height'?");
}

TEST(ScenarioYaml, KeysThatAreNearNothingListWhatIsKnown) {
  const std::string error = error_of("version: 1\nworkload: x\n");
  EXPECT_EQ(
      error,
      "s.yaml:2:1: unknown key 'workload' in a scenario; use version, checkpoint, engines, defaults, cases");
}

TEST(ScenarioYaml, DuplicateKeysNameBothPlaces) {
  EXPECT_EQ(error_of(kHead + "  - name: a\n    seed: 1\n    seed: 2\n"),
            "s.yaml:9:5: key 'seed' is given twice, first at s.yaml:8:5; keep one");
  EXPECT_EQ(error_of(kHead + "  - name: a\n    tiling: {overlap: 0.25, overlap: 0.5}\n"),
            "s.yaml:8:29: key 'overlap' is given twice, first at s.yaml:8:14; keep one");
}

struct WrongType {
  const char* line;
  const char* error;
};

class WrongTypes : public testing::TestWithParam<WrongType> {};

TEST_P(WrongTypes, SayWhatIsWantedAndWhere) {
  EXPECT_EQ(error_of(kHead + "  - name: a\n    " + GetParam().line + "\n"), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Scenario, WrongTypes,
    testing::Values(
        WrongType{"steps: many", "s.yaml:8:12: steps wants a whole number, not the value 'many'"},
        WrongType{"steps: 2.5", "s.yaml:8:12: steps wants a whole number, not the value '2.5'"},
        WrongType{"steps: \"2\"", "s.yaml:8:12: steps wants a whole number, not the text '2'"},
        WrongType{"steps: [2]", "s.yaml:8:12: steps wants a whole number, not a list"},
        WrongType{"steps:", "s.yaml:8:5: steps wants a whole number, not nothing"},
        WrongType{
            "seed: -1",
            "s.yaml:8:11: seed -1 is outside 0 to 4294967295; noise is drawn from 32 bits of it, so greater "
            "ones would repeat videos"},
        WrongType{"seed: 9223372036854775808",
                  "s.yaml:8:11: seed 9223372036854775808 is outside 0 to 4294967295; noise is drawn from 32 "
                  "bits of it, so greater "
                  "ones would repeat videos"},
        WrongType{"guidance_scale: high", "s.yaml:8:21: guidance_scale wants a number, not the value 'high'"},
        WrongType{"guidance_scale: .nan", "s.yaml:8:21: guidance_scale wants a number, not the value '.nan'"},
        WrongType{"expected_different: yes",
                  "s.yaml:8:25: expected_different wants true or false, not the value 'yes'"},
        WrongType{"tiling: off", "s.yaml:8:13: tiling.enabled wants true or false, not the value 'off'"},
        WrongType{"prompt: {a: b}", "s.yaml:8:13: prompt wants a text, not a mapping"},
        WrongType{"negative_prompt:",
                  "s.yaml:8:5: negative_prompt has no value; write \"\" for an empty text"},
        WrongType{"gates: 3", "s.yaml:8:12: gates wants a mapping of keys to values, not the value '3'"},
        WrongType{"matrix: {seed: 3}",
                  "s.yaml:8:20: matrix axis seed wants a list of at least one entry, not the value '3'"},
        WrongType{"matrix: {seed: []}",
                  "s.yaml:8:20: matrix axis seed wants a list of at least one entry, not an empty one"}));

TEST(ScenarioYaml, TheVersionIsRequiredAndKnown) {
  EXPECT_THAT(error_of("checkpoint: c\ncases: [{name: a}]\n"),
              StartsWith("s.yaml:1:1: the scenario has no version"));
  EXPECT_EQ(error_of("version: 2\ncheckpoint: c\ncases: [{name: a}]\n"),
            "s.yaml:1:10: version 2 is not known here; this program reads version 1");
}

TEST(ScenarioYaml, ErrorsAreOneLine) {
  EXPECT_THAT(error_of(kHead + "  - name: a\n    steps: \"1\\n2\"\n"), Not(HasSubstr("\n")));
  EXPECT_THAT(error_of(kHead + "  - name: \"a\\nb\"\n"), Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace isoframe::harness::scenario
