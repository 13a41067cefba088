#include "reports/html.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/github.h"
#include "reports/heat_map.h"
#include "reports/records/stages.h"
#include "reports/trace.h"

namespace isoframe::reports {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

records::CaseRow case_row(const std::string& name, records::Verdict verdict, const std::string& reason) {
  records::CaseRow row;
  row.name = name;
  row.verdict = verdict;
  row.reason = reason;
  return row;
}

TEST(HtmlReport, NoTextCanCloseTheScriptThatHoldsIt) {
  const std::string text = "</script><!-- <script> \xE2\x80\xA8 \xE2\x80\xA9 @JS@ \xff";
  const std::string safe = script_safe(text);
  EXPECT_THAT(safe, Not(HasSubstr("<")));
  EXPECT_THAT(safe, Not(HasSubstr("\u2028")));
  EXPECT_EQ(json::parse(safe), "</script><!-- <script> \u2028 \u2029 @JS@ \\xff");
  records::RunRecord run;
  run.cases = {case_row(text, records::Verdict::kFailed, text)};
  const std::string page = html_report(run, {});
  EXPECT_THAT(page, Not(HasSubstr("</script><!--")));
  EXPECT_THAT(page, HasSubstr("<title>isoframe: 0 of 1 case passed: 1 failed</title>"));
}

TEST(HtmlReport, IntegersThatDoublesCannotHoldComeAsText) {
  const json data = {
      {"seed", 9223372036854775807}, {"low", -9007199254740993}, {"bytes", 1LL << 53}, {"x", 0.5}};
  EXPECT_EQ(
      json::parse(script_safe(data)),
      json(
          {{"seed", "9223372036854775807"}, {"low", "-9007199254740993"}, {"bytes", 1LL << 53}, {"x", 0.5}}));
}

TEST(HtmlReport, AsksForNothingFromTheNetwork) {
  const std::string page = html_report({}, {});
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("src=\"http")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
}

TEST(HtmlReport, HoldsChartJsWithItsLicenceNotice) {
  const std::string page = html_report({}, {});
  EXPECT_THAT(page, HasSubstr("Chart.js v"));
  EXPECT_THAT(page, HasSubstr("Chart.js Contributors"));
  EXPECT_THAT(page, HasSubstr("Released under the MIT License"));
  EXPECT_LT(page.size(), std::size_t{1} << 20);
}

TEST(HtmlReport, HandsThePageAColourForEveryStageThatIsDrawn) {
  const std::string page = html_report({}, {}), key = "\"stage_colours\":";
  const std::size_t begin = page.find(key) + key.size();
  const json colours = json::parse(page.substr(begin, page.find('}', begin) + 1 - begin));
  for (const records::Stage& stage : records::kStages)
    EXPECT_EQ(colours.contains(std::string(stage.name)),
              records::is_outer_stage(stage.name) || records::is_drawn_part(stage.name))
        << stage.name;
  EXPECT_EQ(colours.at("encode.tile"), colours.at("decode.tile"));
}

TEST(DataUri, IsBase64OfRfc4648) {
  EXPECT_EQ(data_uri("a/b", ""), "data:a/b;base64,");
  EXPECT_EQ(data_uri("a/b", "f"), "data:a/b;base64,Zg==");
  EXPECT_EQ(data_uri("a/b", "fo"), "data:a/b;base64,Zm8=");
  EXPECT_EQ(data_uri("a/b", "foobar"), "data:a/b;base64,Zm9vYmFy");
  EXPECT_EQ(data_uri("a/b", "\xff\xfe\xfd"), "data:a/b;base64,//79");
}

TEST(HeatMap, IsBlackWhereFramesAgreeAndBrightestWhereTheyDifferMost) {
  const std::vector<std::uint8_t> reference(4 * 3, 100);
  std::vector<std::uint8_t> candidate = reference;
  candidate[3 * 1] = 110;
  candidate[3 * 3 + 2] = 80;
  const HeatMap map = heat_map(reference.data(), candidate.data(), 2, 2);
  EXPECT_EQ(map.largest, 20);
  const auto brightness = [&](int pixel) {
    return map.rgb[3 * pixel] + map.rgb[3 * pixel + 1] + map.rgb[3 * pixel + 2];
  };
  EXPECT_LT(brightness(0), 10);
  EXPECT_GT(brightness(1), brightness(0));
  EXPECT_GT(brightness(3), brightness(1));
  EXPECT_THAT(png_of_three(reference.data(), candidate.data(), map, 2, 2), StartsWith("\x89PNG"));
}

/// The trace of one case "a" with these rounds of ranks.
json trace_of(const std::vector<std::vector<records::StageEvents>>& rounds, std::size_t first_round = 0) {
  double origin = std::numeric_limits<double>::infinity();
  for (const auto& ranks : rounds) origin = std::min(origin, first_start(ranks));
  std::string text;
  TraceWriter trace(origin, [&](std::string_view piece) { text += piece; });
  trace.begin_case("a");
  for (std::size_t round = 0; round < rounds.size(); ++round)
    trace.add_round(first_round + round, rounds[round]);
  trace.end();
  return json::parse(text);
}

TEST(Trace, TimesAreMicrosecondsSinceTheFirstEventOfTheRun) {
  const records::StageEvents rank = {{"denoise.step", 3, 100.5, 0.25, 10, 20, 0.125},
                                     {"text", -1, 100.0, 0.5, 0, 0, 0.0}};
  const json trace = trace_of({{rank, rank}});
  const json& events = trace.at("traceEvents");
  const auto slice =
      std::find_if(events.begin(), events.end(), [](const json& e) { return e.at("ph") == "X"; });
  ASSERT_NE(slice, events.end());
  EXPECT_EQ(slice->at("name"), "denoise.step 3");
  EXPECT_EQ(slice->at("ts"), 500000.0);
  EXPECT_EQ(slice->at("dur"), 250000.0);
  EXPECT_EQ(slice->at("args").at("bytes_sent"), 10);
  EXPECT_EQ(std::ranges::count(events, "thread_name", [](const json& e) { return e.at("name"); }), 2);
}

TEST(Trace, WithoutCasesIsEmpty) {
  std::string text;
  TraceWriter(0.0, [&](std::string_view piece) { text += piece; }).end();
  EXPECT_EQ(json::parse(text).at("traceEvents"), json::array());
}

TEST(Trace, IsWrittenEventByEvent) {
  const records::StageEvents rank(100, {"denoise.step", 3, 100.5, 0.25, 10, 20, 0.125});
  std::size_t longest = 0;
  TraceWriter trace(0.0, [&](std::string_view piece) { longest = std::max(longest, piece.size()); });
  trace.begin_case("a");
  trace.add_round(7, {rank});
  trace.end();
  EXPECT_LT(longest, 500u);
  EXPECT_EQ(trace_of({{rank}}, 7).at("traceEvents").back().at("args").at("round"), 7);
}

/// A run of passed cases, and a section for each whose details take some 10 KB and whose timeline takes as
/// much.
std::pair<records::RunRecord, std::map<std::string, HtmlCase>> large_run(std::size_t cases) {
  records::RunRecord run;
  std::map<std::string, HtmlCase> html;
  for (std::size_t i = 0; i < cases; ++i) {
    records::CaseRow& row = run.cases.emplace_back();
    row.name = fmt::format("c{}", i);
    row.baseline = "c0";
    row.identical = true;
    HtmlCase& shown = html[row.name];
    shown.result.name = row.name;
    shown.result.reason = std::string(10'000, 'x');
    shown.timeline.assign(1, records::StageEvents(250, {"denoise.step", 3, 100.5, 0.25, 0, 0, 0.0}));
  }
  return {run, html};
}

TEST(Html, ALargeSuiteHasSparseDetailAndSaysSo) {
  auto [run, html] = large_run(1000);
  run.cases.back().verdict = records::Verdict::kFailed;
  const std::string page = html_report(run, html);
  EXPECT_LT(page.size(), kDetailBytes + (3U << 20));
  const auto count = [&](std::string_view text) {
    std::size_t found = 0;
    for (std::size_t at = page.find(text); at != std::string::npos; at = page.find(text, at + 1)) ++found;
    return found;
  };
  const std::size_t whole = count(std::string(10'000, 'x'));
  EXPECT_GT(whole, 100u);
  EXPECT_EQ(count("Its details are left out"), 1000 - whole);
  EXPECT_GT(page.find("c998/result.json has them"), 0u);
  EXPECT_EQ(page.find("c999/result.json has them"), std::string::npos) << "what failed is shown first";
  const auto [small, details] = large_run(3);
  EXPECT_EQ(html_report(small, details).find("left out"), std::string::npos);
}

TEST(Trace, ACollectiveIsASliceWithItsBytesAndRaisesTheCounter) {
  const records::StageEvents rank = {{"denoise.step", 0, 100.0, 0.5, 30, 40, 0.25},
                                     {"collective.ulysses.all_to_all", -1, 100.0, 0.125, 10, 20, 0.125},
                                     {"collective.cfg.all_gather", -1, 100.25, 0.125, 20, 20, 0.125}};
  const json events = trace_of({{rank}}).at("traceEvents");
  std::vector<json> slices, counted;
  for (const json& event : events) {
    if (event.at("ph") == "X" && event.at("cat") == "collective") slices.push_back(event);
    if (event.at("ph") == "C") counted.push_back(event.at("args").at("bytes"));
  }
  ASSERT_EQ(slices.size(), 2U);
  EXPECT_EQ(slices[0].at("name"), "ulysses.all_to_all");
  EXPECT_EQ(slices[0].at("args").at("bytes_received"), 20);
  EXPECT_EQ(slices[1].at("ts"), 250000.0);
  EXPECT_THAT(counted, testing::ElementsAre(10, 30)) << "of the collectives alone";
}

TEST(GithubAnnotations, NameWhatIsNotPassedAndNothingElseCanSpeak) {
  records::RunRecord run;
  run.cases = {case_row("a,b:c", records::Verdict::kFailed, "50 % off\n::warning::x"),
               case_row("b", records::Verdict::kSkipped, "later"),
               case_row("c", records::Verdict::kPassed, "")};
  EXPECT_EQ(github_annotations(run), "::error title=isoframe a%2Cb%3Ac::failed: 50 %25 off ::warning::x\n");
}

}  // namespace
}  // namespace isoframe::reports
