#include "reports/published.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "reports/console.h"
#include "reports/markdown.h"

namespace isoframe::reports {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

json published(const char* title, double seconds) {
  return {{"row", "r"},
          {"title", title},
          {"source", "a pull request"},
          {"hardware", "B300 GPUs"},
          {"size", "480p"},
          {"frames", 33},
          {"steps", 50},
          {"seconds", seconds},
          {"ssim", 1.0},
          {"psnr", "inf"},
          {"against_seconds", 21.7741},
          {"own",
           {{"height", 112},
            {"width", 176},
            {"frames", 9},
            {"steps", 4},
            {"dtype", "float32"},
            {"device", "cpu"},
            {"threads_per_rank", 1}}}};
}

json run_of(const json& first_published) {
  json with = {{"name", "t2v-usp2-vaepp2"},
               {"layout", "ulysses=2"},
               {"world_size", 2},
               {"verdict", "passed"},
               {"reason", ""},
               {"seconds", 1.25},
               {"speedup", 1.1},
               {"ssim", 0.999},
               {"psnr", 60.5},
               {"baseline", "t2v-tiled"}};
  json without = with;
  without["name"] = "smoke-tiled";
  if (!first_published.is_null()) with["published"] = first_published;
  return {{"cases", {with, without}},
          {"environment", {{"cpu", "Example CPU"}}},
          {"counts", {{"passed", 2}, {"failed", 0}, {"error", 0}, {"untrusted", 0}, {"skipped", 0}}}};
}

TEST(PublishedTable, PutsTheRowThatACaseNamesBesideIt) {
  const PublishedTable table = published_table(run_of(published("USP 2 + VAEPP 2", 15.528)));
  ASSERT_EQ(table.rows.size(), 1U) << "a case that names no row has none";
  EXPECT_EQ(table.rows[0],
            (std::vector<std::string>{"USP 2 + VAEPP 2", "t2v-usp2-vaepp2", "15.5", "1.25", "1.40x", "1.10x",
                                      "1.000000 / inf", "0.999000 / 60.50", "passed"}));
  EXPECT_EQ(table.source, "a pull request");
}

TEST(PublishedTable, SaysWhatCannotBeCompared) {
  const PublishedTable table = published_table(run_of(published("row", 15.528)));
  EXPECT_THAT(table.differences,
              Contains(HasSubstr("B300 GPUs there, Example CPU, 1 thread a rank, float32 here")));
  EXPECT_THAT(table.differences,
              Contains(HasSubstr("480p, 33 frames, 50 steps there, 112 x 176, 9 frames, 4 steps here")));
  json same = published("row", 15.528);
  same["own"].update({{"height", 480}, {"width", 832}, {"frames", 33}, {"steps", 50}});
  EXPECT_THAT(published_table(run_of(same)).differences, Not(Contains(HasSubstr("Videos differ"))));
}

TEST(PublishedTable, IsInEveryReportThatHasOneAndInNoOther) {
  const json with = run_of(published("USP 2 + VAEPP 2", 15.528)), without = run_of(nullptr);
  EXPECT_THAT(markdown_report(with), HasSubstr("### Published beside measured"));
  EXPECT_THAT(markdown_report(without), Not(HasSubstr("Published")));
  EXPECT_THAT(console_summary(with), HasSubstr("USP 2 + VAEPP 2  t2v-usp2-vaepp2"));
  EXPECT_EQ(published_text(without), "");
}

}  // namespace
}  // namespace isoframe::reports
