#include "metrics/turn.h"

#include <gmock/gmock.h>

namespace isoframe::metrics {
namespace {

using testing::ElementsAre;

std::optional<Turn> turn_by(std::int32_t a, std::int32_t b, std::int32_t c, std::int32_t d) {
  const std::vector<std::int32_t> matrix = {a, b, 0, c, d, 0, 0, 0, 1 << 30};
  return turn_of(matrix.data());
}

/// The red values of the picture 0 1 2 / 3 4 5, turned.
std::vector<int> turned(Turn turn) {
  std::vector<std::uint8_t> rgb;
  for (std::uint8_t value = 0; value < 6; ++value) rgb.insert(rgb.end(), {value, 100, 200});
  turn_rgb(rgb, 2, 3, turn);
  std::vector<int> reds;
  for (std::size_t k = 0; k < rgb.size(); k += 3) reds.push_back(rgb[k]);
  return reds;
}

TEST(Turn, FollowsEachOfTheEightMatrices) {
  constexpr std::int32_t kOne = 1 << 16;
  EXPECT_EQ(turn_by(kOne, 0, 0, kOne), Turn());
  EXPECT_THAT(turned(turn_by(0, kOne, -kOne, 0).value()), ElementsAre(3, 0, 4, 1, 5, 2)) << "clockwise";
  EXPECT_THAT(turned(turn_by(0, -kOne, kOne, 0).value()), ElementsAre(2, 5, 1, 4, 0, 3)) << "anticlockwise";
  EXPECT_THAT(turned(turn_by(-kOne, 0, 0, -kOne).value()), ElementsAre(5, 4, 3, 2, 1, 0));
  EXPECT_THAT(turned(turn_by(-kOne, 0, 0, kOne).value()), ElementsAre(2, 1, 0, 5, 4, 3));
  EXPECT_THAT(turned(turn_by(kOne, 0, 0, -kOne).value()), ElementsAre(3, 4, 5, 0, 1, 2));
  EXPECT_THAT(turned(turn_by(0, kOne, kOne, 0).value()), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(turned(turn_by(0, -kOne, -kOne, 0).value()), ElementsAre(5, 2, 4, 1, 3, 0));
}

TEST(Turn, OfAnyOtherAngleIsNone) { EXPECT_EQ(turn_by(56756, 32768, -32768, 56756), std::nullopt); }

}  // namespace
}  // namespace isoframe::metrics
