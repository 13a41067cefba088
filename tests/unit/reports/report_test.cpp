#include <algorithm>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/console.h"
#include "reports/github.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/markdown.h"

namespace isoframe::reports {
namespace {

using records::CaseRow;
using records::RunRecord;
using records::Verdict;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

CaseRow passed_case() {
  CaseRow row;
  row.name = "a";
  row.layout = "single";
  return row;
}

RunRecord run_of(const CaseRow& row) {
  RunRecord run;
  run.cases = {row};
  return run;
}

TEST(MarkdownReport, AnInterruptedRunSaysSoAtTheTop) {
  RunRecord run = run_of(passed_case());
  run.interrupted = true;
  EXPECT_THAT(markdown_report(run),
              StartsWith("**interrupted, 1 of 1 case passed**\n\nThe run was interrupted"));
  EXPECT_THAT(console_summary(run), HasSubstr("\ninterrupted, 1 of 1 case passed\n"));
  run.interrupted = false;
  EXPECT_THAT(markdown_report(run), Not(HasSubstr("nterrupted")));
}

TEST(MarkdownReport, LeavesOutWhatWasNotMeasured) {
  const std::string report = markdown_report(run_of(passed_case()));
  for (const char* title : {"Noise floor", "Stages", "Against", "Environment", "Not passed", "details"})
    EXPECT_THAT(report, Not(HasSubstr(title)));
  EXPECT_THAT(markdown_report({}), StartsWith("**0 of 0 cases passed**"));
}

TEST(MarkdownReport, ABaselineThatDiffersFromItselfIsShownInBold) {
  CaseRow row = passed_case();
  row.aa = {.identical = false, .ssim = 0.646, .psnr = 21.7, .seconds_ratio = {}};
  EXPECT_THAT(
      markdown_report(run_of(row)),
      HasSubstr("against itself (A/A): **different frames**, SSIM 0.646000, PSNR 21.70, time ratio -"));
}

TEST(MarkdownReport, UntrustedFramesAreNotCalledIdentical) {
  CaseRow row = passed_case();
  row.identical = true;
  row.psnr = kInfinity;
  row.baseline = "b";
  EXPECT_THAT(markdown_report(run_of(row)), HasSubstr("Identical to the baseline in every float: `a`"));
  row.verdict = Verdict::kUntrusted;
  EXPECT_THAT(markdown_report(run_of(row)), Not(HasSubstr("every float")));
}

TEST(MarkdownReport, AnEarlierRunIsComparedCaseByCase) {
  records::AgainstRow earlier;
  earlier.seconds_ratio = 1.25;
  earlier.identical = false;
  earlier.ssim = 0.5;
  earlier.psnr = 9.0;
  CaseRow row = passed_case();
  row.against = earlier;
  RunRecord run = run_of(row);
  run.against = "out/before";
  EXPECT_THAT(markdown_report(run), HasSubstr("Compared with `out/before`"));
  EXPECT_THAT(markdown_report(run), HasSubstr("| `a` | 1.25x | different | 0.500000 | 9.00 |"));
}

TEST(Reports, WhatWasNotJudgedIsSaidOnceForAllItsCases) {
  CaseRow row = passed_case();
  row.not_judged = {{records::Subject::kMemory, "unlike: <cpu>", "a like machine"},
                    {records::Subject::kLatency, "unlike: <cpu>", "a like machine"}};
  row.notes = {"new"};
  RunRecord run = run_of(row);
  run.cases.push_back(row);
  run.cases[1].name = "b";
  run.cases.push_back(passed_case());
  run.cases[2].name = "c";
  const std::string sentence = "memory and latency were not judged: unlike: <cpu>; it takes a like machine";
  EXPECT_THAT(console_summary(run), HasSubstr("NOT JUDGED a, b: " + sentence + "\nNOTE a, b: new\n"));
  EXPECT_THAT(console_summary(run),
              HasSubstr("3 of 3 cases passed; not judged: memory of 2 cases, latency of 2 cases\n"));
  EXPECT_THAT(markdown_report(run),
              HasSubstr("### Not judged\n\n- a, b: memory and latency were not judged"));
  EXPECT_THAT(junit_report(run),
              HasSubstr("<system-out>memory and latency were not judged: unlike: &lt;cpu&gt;"));
  EXPECT_THAT(github_annotations(run), HasSubstr("::warning title=isoframe::a, b: " + sentence + "\n"));
  run.cases.pop_back();
  EXPECT_THAT(console_summary(run), HasSubstr("NOT JUDGED all 2 cases: "));
}

TEST(Reports, AFailedCaseSaysWhereItFirstDiffers) {
  CaseRow failed = passed_case();
  failed.verdict = Verdict::kFailed;
  failed.reason = "frames differ";
  CaseRow located = failed;
  located.first_divergence = {.sentence = "stage denoise, step 3, rank 1", .reproduced = {}, .found = {}};
  const RunRecord run = run_of(located);
  EXPECT_THAT(markdown_report(run), HasSubstr("\n  - first difference: stage denoise, step 3, rank 1\n"));
  EXPECT_THAT(console_summary(run), HasSubstr("\n     first difference: stage denoise, step 3, rank 1\n"));
  EXPECT_THAT(markdown_report(run_of(failed)), Not(HasSubstr("first difference")));
  EXPECT_THAT(console_summary(run_of(failed)), Not(HasSubstr("first difference")));
}

TEST(Reports, HostileReasonsStayOnTheirLine) {
  CaseRow row = passed_case();
  row.verdict = Verdict::kError;
  row.reason = "x\n## heading\n| a | b |\n\x1b[2J<img src=x>";
  const RunRecord run = run_of(row);
  EXPECT_THAT(markdown_report(run), Not(HasSubstr("\n## heading")));
  EXPECT_THAT(markdown_report(run), Not(HasSubstr("<img")));
  EXPECT_THAT(console_summary(run), Not(HasSubstr("\x1b")));
  EXPECT_THAT(console_summary(run), HasSubstr("ERROR a  x ## heading | a | b | [2J<img src=x>\n"));
}

TEST(JunitReport, EscapesMarkupAndDropsWhatXmlForbids) {
  CaseRow row = passed_case();
  row.name = "a<\"&>";
  row.verdict = Verdict::kFailed;
  row.reason = std::string("bell\a null\0 \xff \xef\xbf\xbe", 18);
  const std::string report = junit_report(run_of(row));
  EXPECT_THAT(report, HasSubstr("name=\"a&lt;&quot;&amp;&gt;\""));
  EXPECT_THAT(report, HasSubstr("message=\"failed: bell null \\xff \uFFFD\""));
  for (const char c : report) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
}

TEST(Reports, AWarningOfRanksStandsInEachOfThemAndCasesShareIt) {
  CaseRow first = passed_case(), second = passed_case();
  second.name = "second";
  for (CaseRow* row : {&first, &second})
    row->warnings = {{.kind = records::WarningKind::kUnusedTensors,
                      .message = "28 tensors <of> the checkpoint are not used",
                      .tensors = 28,
                      .first_tensor = "x",
                      .tokens = {},
                      .kept_tokens = {}}};
  RunRecord run = run_of(first);
  run.cases.push_back(second);
  EXPECT_THAT(console_summary(run),
              HasSubstr("WARNING all 2 cases: 28 tensors <of> the checkpoint are not used\n"));
  EXPECT_THAT(
      markdown_report(run),
      HasSubstr("### Warnings\n\n- all 2 cases: 28 tensors &lt;of&gt; the checkpoint are not used\n"));
  EXPECT_THAT(
      github_annotations(run),
      HasSubstr("::warning title=isoframe::all 2 cases: 28 tensors <of> the checkpoint are not used\n"));
  EXPECT_THAT(junit_report(run),
              HasSubstr("    <system-out>warning: 28 tensors &lt;of&gt; the checkpoint are not "
                        "used\n</system-out>\n  </testcase>\n"));
  EXPECT_THAT(html_report(run, {}), HasSubstr("28 tensors \\u003cof> the checkpoint"));
  EXPECT_THAT(console_summary(run_of(passed_case())), Not(HasSubstr("WARNING")));
}

TEST(JunitReport, CountsEachVerdictWhereCiSystemsLook) {
  RunRecord run;
  for (const Verdict verdict : {Verdict::kPassed, Verdict::kFailed, Verdict::kFailed, Verdict::kError,
                                Verdict::kUntrusted, Verdict::kSkipped}) {
    CaseRow row = passed_case();
    row.verdict = verdict;
    row.reason = "r";
    run.cases.push_back(row);
  }
  EXPECT_THAT(junit_report(run), HasSubstr("tests=\"6\" failures=\"3\" errors=\"1\" skipped=\"1\""));
  EXPECT_THAT(junit_report(run), HasSubstr("<failure type=\"untrusted\" message=\"untrusted: r\">"));
}

/// A run of so many cases, every third of which failed for a reason of some 100 characters.
records::RunRecord run_of_many(int cases) {
  records::RunRecord run;
  for (int i = 0; i < cases; ++i) {
    CaseRow& row = run.cases.emplace_back(passed_case());
    row.name = fmt::format("case-{:05}", i);
    row.command = "isoframe run s.yaml --filter " + row.name;
    if (i % 3 == 0) {
      row.verdict = Verdict::kFailed;
      row.reason = fmt::format("PSNR {} dB, at least 60; {}", i, std::string(80, 'x'));
    }
    ++run.counts[records::name_of(row.verdict)];
  }
  return run;
}

TEST(MarkdownReport, LosesWhatDecidesLeastWhereThereIsLittleRoom) {
  const records::RunRecord run = run_of_many(60);
  const std::string whole = markdown_report(run);
  EXPECT_EQ(markdown_report(run, whole.size()), whole);
  const std::string shorter = markdown_report(run, whole.size() - 1);
  EXPECT_LT(shorter.size(), whole.size());
  EXPECT_THAT(shorter, HasSubstr("Left out, as there is room for"));
  EXPECT_THAT(shorter, HasSubstr(": commands"));
  EXPECT_THAT(shorter, Not(HasSubstr("--filter case-00001")));
  for (const CaseRow& row : run.cases) EXPECT_THAT(shorter, HasSubstr("| `" + row.name + "` |"));
}

TEST(MarkdownReport, NeverExceedsItsLimitAndNamesFailuresFirst) {
  const records::RunRecord run = run_of_many(3000);
  for (const std::size_t most : {std::size_t{1000}, std::size_t{5000}, kCommentLimit, kSummaryLimit}) {
    const std::string report = markdown_report(run, most);
    EXPECT_LE(report.size(), most);
    EXPECT_THAT(report, StartsWith("**2000 of 3000 cases passed: 1000 failed**"));
  }
  const std::string comment = markdown_report(run, kCommentLimit);
  EXPECT_GT(comment.size(), kCommentLimit * 9 / 10);
  EXPECT_THAT(comment, HasSubstr("| `case-00000` |"));
  EXPECT_THAT(comment, HasSubstr("| `case-00003` |"));
  EXPECT_THAT(comment, Not(HasSubstr("| `case-00001` |"))) << "it passed";
  EXPECT_THAT(comment, HasSubstr("- `case-00000` **failed**"));
  EXPECT_THAT(comment, ContainsRegex("\\.\\.\\. and [0-9]+ more\n"));
}

TEST(GithubAnnotations, TheTenthOfMoreSaysHowManyThereAre) {
  const auto lines = [](int cases) {
    const std::string text = github_annotations(run_of_many(cases));
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(30), 10);
  EXPECT_THAT(github_annotations(run_of_many(30)), Not(HasSubstr("more;")));
  EXPECT_EQ(lines(3000), 10);
  EXPECT_THAT(github_annotations(run_of_many(3000)),
              HasSubstr("::error title=isoframe::991 more; report.md has them all\n"));
}

}  // namespace
}  // namespace isoframe::reports
