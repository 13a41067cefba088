#include "reports/published.h"

#include <limits>

#include <gmock/gmock.h>

#include "reports/console.h"
#include "reports/markdown.h"

namespace isoframe::reports {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

records::PublishedRow published(const char* title, double seconds) {
  records::PublishedRow row;
  row.title = title;
  row.source = "a pull request";
  row.hardware = "B300 GPUs";
  row.size = "480p";
  row.frames = 33;
  row.steps = 50;
  row.seconds = seconds;
  row.ssim = 1.0;
  row.psnr = std::numeric_limits<double>::infinity();
  row.against_seconds = 21.7741;
  row.own = {.height = 112,
             .width = 176,
             .frames = 9,
             .steps = 4,
             .dtype = "float32",
             .device = "cpu",
             .threads_per_rank = 1};
  return row;
}

records::RunRecord run_of(const std::optional<records::PublishedRow>& first_published) {
  records::CaseRow with;
  with.name = "t2v-usp2-vaepp2";
  with.layout = "ulysses=2";
  with.world_size = 2;
  with.seconds = 1.25;
  with.speedup = 1.1;
  with.ssim = 0.999;
  with.psnr = 60.5;
  with.baseline = "t2v-tiled";
  records::CaseRow without = with;
  without.name = "smoke-tiled";
  with.published = first_published;
  records::RunRecord run;
  run.cases = {with, without};
  run.environment.cpu = "Example CPU";
  return run;
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
  records::PublishedRow same = published("row", 15.528);
  same.own.height = 480;
  same.own.width = 832;
  same.own.frames = 33;
  same.own.steps = 50;
  EXPECT_THAT(published_table(run_of(same)).differences, Not(Contains(HasSubstr("Videos differ"))));
}

TEST(PublishedTable, IsInEveryReportThatHasOneAndInNoOther) {
  const records::RunRecord with = run_of(published("USP 2 + VAEPP 2", 15.528)), without = run_of({});
  EXPECT_THAT(markdown_report(with), HasSubstr("### Published beside measured"));
  EXPECT_THAT(markdown_report(without), Not(HasSubstr("Published")));
  EXPECT_THAT(console_summary(with), HasSubstr("USP 2 + VAEPP 2  t2v-usp2-vaepp2"));
  EXPECT_EQ(published_text(without), "");
}

}  // namespace
}  // namespace isoframe::reports
