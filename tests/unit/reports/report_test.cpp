#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/console.h"
#include "reports/junit.h"
#include "reports/markdown.h"

namespace isoframe::reports {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

json one_case(const json& fields) {
  json record = {{"name", "a"}, {"layout", "single"}, {"verdict", "passed"}, {"reason", ""}};
  record.update(fields);
  return {{"cases", {record}}};
}

TEST(MarkdownReport, AnInterruptedRunSaysSoAtTheTop) {
  json run = one_case(json::object());
  run["interrupted"] = true;
  EXPECT_THAT(markdown_report(run),
              StartsWith("**interrupted, 1 of 1 case passed**\n\nThe run was interrupted"));
  EXPECT_THAT(console_summary(run), HasSubstr("\ninterrupted, 1 of 1 case passed\n"));
  run["interrupted"] = false;
  EXPECT_THAT(markdown_report(run), Not(HasSubstr("nterrupted")));
}

TEST(MarkdownReport, LeavesOutWhatWasNotMeasured) {
  const std::string report = markdown_report(one_case(json::object()));
  for (const char* title : {"Noise floor", "Stages", "Against", "Environment", "Not passed", "details"})
    EXPECT_THAT(report, Not(HasSubstr(title)));
  EXPECT_THAT(markdown_report({{"cases", json::array()}}), StartsWith("**0 of 0 cases passed**"));
}

TEST(MarkdownReport, ABaselineThatDiffersFromItselfIsShownInBold) {
  const json floor = {{"identical", false}, {"ssim", 0.646}, {"psnr", 21.7}, {"seconds_ratio", nullptr}};
  EXPECT_THAT(
      markdown_report(one_case({{"aa", floor}})),
      HasSubstr("against itself (A/A): **different frames**, SSIM 0.646000, PSNR 21.70, time ratio -"));
}

TEST(MarkdownReport, UntrustedFramesAreNotCalledIdentical) {
  const json fields = {{"identical", true}, {"psnr", "inf"}, {"baseline", "b"}};
  EXPECT_THAT(markdown_report(one_case(fields)), HasSubstr("Identical to the baseline in every float: `a`"));
  json untrusted = fields;
  untrusted["verdict"] = "untrusted";
  EXPECT_THAT(markdown_report(one_case(untrusted)), Not(HasSubstr("every float")));
}

TEST(MarkdownReport, AnEarlierRunIsComparedCaseByCase) {
  json run =
      one_case({{"against", {{"seconds_ratio", 1.25}, {"identical", false}, {"ssim", 0.5}, {"psnr", 9.0}}}});
  run["against"] = "out/before";
  EXPECT_THAT(markdown_report(run), HasSubstr("Compared with `out/before`"));
  EXPECT_THAT(markdown_report(run), HasSubstr("| `a` | 1.25x | different | 0.500000 | 9.00 |"));
}

TEST(Reports, AFailedCaseSaysWhereItFirstDiffers) {
  const json failed = {{"verdict", "failed"}, {"reason", "frames differ"}};
  json located = failed;
  located["first_divergence"] = {{"sentence", "stage denoise, step 3, rank 1"}};
  const json run = one_case(located);
  EXPECT_THAT(markdown_report(run), HasSubstr("\n  - first difference: stage denoise, step 3, rank 1\n"));
  EXPECT_THAT(console_summary(run), HasSubstr("\n     first difference: stage denoise, step 3, rank 1\n"));
  EXPECT_THAT(markdown_report(one_case(failed)), Not(HasSubstr("first difference")));
  EXPECT_THAT(console_summary(one_case(failed)), Not(HasSubstr("first difference")));
}

TEST(Reports, HostileReasonsStayOnTheirLine) {
  const json run =
      one_case({{"verdict", "error"}, {"reason", "x\n## heading\n| a | b |\n\x1b[2J<img src=x>"}});
  EXPECT_THAT(markdown_report(run), Not(HasSubstr("\n## heading")));
  EXPECT_THAT(markdown_report(run), Not(HasSubstr("<img")));
  EXPECT_THAT(console_summary(run), Not(HasSubstr("\x1b")));
  EXPECT_THAT(console_summary(run), HasSubstr("ERROR a  x ## heading | a | b | [2J<img src=x>\n"));
}

TEST(JunitReport, EscapesMarkupAndDropsWhatXmlForbids) {
  const json run = one_case({{"name", "a<\"&>"},
                             {"verdict", "failed"},
                             {"reason", std::string("bell\a null\0 \xff \xef\xbf\xbe", 18)}});
  const std::string report = junit_report(run);
  EXPECT_THAT(report, HasSubstr("name=\"a&lt;&quot;&amp;&gt;\""));
  EXPECT_THAT(report, HasSubstr("message=\"failed: bell null \uFFFD \uFFFD\""));
  for (const char c : report) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
}

TEST(JunitReport, CountsEachVerdictWhereCiSystemsLook) {
  json run = {{"cases", json::array()}};
  for (const char* verdict : {"passed", "failed", "failed", "error", "untrusted", "skipped"})
    run["cases"].push_back({{"name", verdict}, {"verdict", verdict}, {"reason", "r"}});
  EXPECT_THAT(junit_report(run), HasSubstr("tests=\"6\" failures=\"3\" errors=\"1\" skipped=\"1\""));
  EXPECT_THAT(junit_report(run), HasSubstr("<failure type=\"untrusted\" message=\"untrusted: r\">"));
}

}  // namespace
}  // namespace isoframe::reports
