#include "reports/engine_table.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>

#include "reports/console.h"
#include "reports/html.h"
#include "reports/markdown.h"

namespace isoframe::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

records::CaseRow row_of(const std::string& name, const std::string& engine, const std::string& layout,
                        double seconds) {
  records::CaseRow row;
  row.name = name;
  row.engine = engine;
  row.layout = layout;
  row.world_size = layout == "single" ? 1 : 2;
  row.seconds = seconds;
  row.stages["denoise"] = seconds / 2;
  row.baseline = "ours";
  if (engine != "isoframe") row.engine_facts = {{"engine", "diffusers 0.42.1"}, {"torch", "2.11.0"}};
  return row;
}

records::RunRecord run_of_two_engines() {
  records::RunRecord run;
  run.environment.isoframe.version = "1.2.3";
  run.cases = {row_of("ours", "isoframe", "single", 1.0), row_of("ours-2", "isoframe", "ulysses=2", 0.5),
               row_of("theirs", "other", "single", 4.0), row_of("theirs-2", "other", "ulysses=2", 2.0)};
  run.cases[0].baseline = "";
  run.cases[3].relative_l2 = 9.2e-4;
  run.cases[3].own_single.emplace().stands_alone = "theirs-2 stands alone";
  return run;
}

std::string cell(const EngineTable& table, std::size_t row, const std::string& title) {
  const auto column = std::ranges::find(table.titles, title);
  return table.rows.at(row).at(static_cast<std::size_t>(column - table.titles.begin()));
}

TEST(EngineTable, IsOfRunsWithAnotherEngineOnly) {
  records::RunRecord run = run_of_two_engines();
  EXPECT_EQ(engine_table(run).rows.size(), 4U);
  run.cases.resize(2);
  EXPECT_TRUE(engine_table(run).rows.empty());
  EXPECT_THAT(markdown_report(run), Not(HasSubstr("Engines")));
  EXPECT_THAT(console_summary(run), Not(HasSubstr("engine")));
}

TEST(EngineTable, TimesAreHeldAgainstTheOwnSingleRankAndAgainstIsoframesSameLayout) {
  const EngineTable table = engine_table(run_of_two_engines());
  const std::string own = "own speed-up", ours = "of isoframe's speed";
  EXPECT_EQ(cell(table, 3, "case"), "theirs-2");
  EXPECT_EQ(cell(table, 0, own), "-");
  EXPECT_EQ(cell(table, 1, own), "2.00x");
  EXPECT_EQ(cell(table, 1, ours), "-");
  EXPECT_EQ(cell(table, 2, ours), "0.25x");
  EXPECT_EQ(cell(table, 3, own), "2.00x");
  EXPECT_EQ(cell(table, 3, ours), "0.25x");
  EXPECT_EQ(cell(table, 3, "denoise s"), "1.00");
  EXPECT_EQ(cell(table, 3, "relative L2"), "9.2e-04");
  EXPECT_EQ(cell(table, 0, "version"), "1.2.3");
  EXPECT_EQ(cell(table, 3, "version"), "diffusers 0.42.1");
}

TEST(EngineTable, OfAnotherBaselineNothingIsCompared) {
  records::RunRecord run = run_of_two_engines();
  run.cases[3].baseline = "elsewhere";
  EXPECT_EQ(cell(engine_table(run), 3, "of isoframe's speed"), "-");
}

TEST(EngineTable, ReportsSayWhichRunStandsAloneAndWhatTheEngineIs) {
  const std::string report = markdown_report(run_of_two_engines());
  EXPECT_THAT(report, HasSubstr("### Engines"));
  EXPECT_THAT(report, HasSubstr("theirs-2 stands alone"));
  EXPECT_THAT(report, HasSubstr("torch: 2.11.0"));
  EXPECT_THAT(console_summary(run_of_two_engines()), HasSubstr("engine"));
}

}  // namespace
}  // namespace isoframe::reports
