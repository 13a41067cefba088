#include "harness/scenario/published.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "harness/scenario/case.h"
#include "harness/store/temporary_folder.h"
#include "model/error.h"

namespace isoframe::harness::scenario {
namespace {

using ::testing::HasSubstr;

class PublishedRow : public ::testing::Test {
 protected:
  PublishedRow() {
    std::ofstream(folder_.path() / "figures.yaml")
        << "source: a paper\nhardware: a machine\nrows:\n"
           "  tiled: {title: Tiled, size: 480p, frames: 33, steps: 50, seconds: 20.0}\n"
           "  spread: {title: Spread, size: 480p, frames: 33, steps: 50, seconds: 8.0, against: tiled,\n"
           "    ssim: 1.0, psnr: .inf}\n";
  }

  Case load(const std::string& published) const {
    const auto file = folder_.path() / "mine.yaml";
    std::ofstream(file)
        << "version: 1\ncheckpoint: c\ncases:\n  - {name: a, prompt: p, height: 64, width: 64, "
           "frames: 5, steps: 1, published: "
        << published << "}\n";
    return load_suite({file}, {}).cases.front();
  }

  std::string problem(const std::string& published) const {
    try {
      load(published);
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  }

 private:
  store::TemporaryFolder folder_;
};

TEST_F(PublishedRow, BringsItsFiguresIntoTheCase) {
  const Case value = load("figures.yaml#spread");
  ASSERT_TRUE(value.published.has_value());
  EXPECT_EQ(value.published->title, "Spread");
  EXPECT_EQ(value.published->source, "a paper");
  EXPECT_EQ(value.published->seconds, 8.0);
  EXPECT_EQ(value.published->against_seconds, 20.0);
  EXPECT_TRUE(std::isinf(*value.published->psnr));
  const Case again = case_from_json(to_json(value));
  EXPECT_EQ(to_json(again), to_json(value));
}

TEST_F(PublishedRow, ErrorsNameThePlaceAndTheNearestRow) {
  EXPECT_THAT(problem("figures.yaml#sprad"), HasSubstr("has no row 'sprad'; did you mean 'spread'?"));
  EXPECT_THAT(problem("figures.yaml"), HasSubstr("names no row; write FILE#ROW"));
  EXPECT_THAT(problem("none.yaml#spread"), HasSubstr("none.yaml"));
}

}  // namespace
}  // namespace isoframe::harness::scenario
