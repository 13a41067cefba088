#include "harness/scenario/published.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "harness/scenario/case_json.h"
#include "tests/unit/harness/scenario/scenario_file.h"

namespace isoframe::harness::scenario {
namespace {

using ::testing::HasSubstr;

/// A scenario whose one case names this row, beside a file of figures.
class WithFigures : public ScenarioFile {
 public:
  explicit WithFigures(const std::string& published)
      : ScenarioFile(kHead + "  - {name: a, published: " + published + "}\n") {
    std::ofstream(folder() / "figures.yaml")
        << "source: a paper\nhardware: a machine\nrows:\n"
           "  tiled: {title: Tiled, size: 480p, frames: 33, steps: 50, seconds: 20.0}\n"
           "  spread: {title: Spread, size: 480p, frames: 33, steps: 50, seconds: 8.0, against: tiled,\n"
           "    ssim: 1.0, psnr: .inf}\n";
  }
  Case load() const { return load_suite({path()}, {}).cases.front(); }
};

std::string problem(const std::string& published) {
  try {
    WithFigures(published).load();
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(PublishedRow, BringsItsFiguresIntoTheCase) {
  const Case spec = WithFigures("figures.yaml#spread").load();
  ASSERT_TRUE(spec.published.has_value());
  EXPECT_EQ(spec.published->title, "Spread");
  EXPECT_EQ(spec.published->source, "a paper");
  EXPECT_EQ(spec.published->seconds, 8.0);
  EXPECT_EQ(spec.published->against_seconds, 20.0);
  EXPECT_TRUE(std::isinf(*spec.published->psnr));
  const Case again = case_from_json(to_json(spec));
  EXPECT_EQ(to_json(again), to_json(spec));
}

TEST(PublishedRow, ErrorsNameThePlaceAndTheNearestRow) {
  EXPECT_THAT(problem("figures.yaml#sprad"), HasSubstr("has no row 'sprad'; did you mean 'spread'?"));
  EXPECT_THAT(problem("figures.yaml"), HasSubstr("names no row; write FILE#ROW"));
  EXPECT_THAT(problem("none.yaml#spread"), HasSubstr("none.yaml"));
}

}  // namespace
}  // namespace isoframe::harness::scenario
