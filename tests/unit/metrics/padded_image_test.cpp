#include "metrics/padded_image.h"

#include <gmock/gmock.h>

#include "metrics/yuv.h"

namespace isoframe::metrics {
namespace {

// Sizes around multiples of a vector, the smallest, and those at which valgrind saw libswscale read beyond
// tight rows.
const std::vector<PaddedImage::PlaneSize> kSizes = {{1, 1},  {12, 30}, {24, 60},  {3, 63},
                                                    {2, 64}, {2, 65},  {90, 1278}};

TEST(PaddedImage, HasAVectorOfItsOwnAroundEveryRow) {
  for (const auto& size : kSizes) {
    PaddedImage image;
    image.resize({size, {size.height / 2 + 1, size.bytes / 2 + 1}, size});
    const std::uint8_t *begin = image.memory().data(), *end = begin + image.memory().size();
    const std::uint8_t* before = begin;
    for (std::size_t p = 0; p < 3; ++p) {
      const std::int64_t height = p == 1 ? size.height / 2 + 1 : size.height;
      const std::int64_t bytes = p == 1 ? size.bytes / 2 + 1 : size.bytes;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(image.data()[p]) % 64, 0U);
      EXPECT_EQ(image.strides()[p] % 64, 0);
      EXPECT_GE(image.strides()[p] - bytes, 64);
      EXPECT_GE(image.data()[p] - before, 64) << "plane " << p;
      before = image.data()[p] + (height - 1) * image.strides()[p] + bytes;
      EXPECT_GE(end - before, 64) << "plane " << p;
    }
  }
}

TEST(PaddedImage, GivesBackTheRowsThatItWasFilledWith) {
  for (const auto& size : kSizes) {
    std::vector<std::uint8_t> rows(static_cast<std::size_t>(size.height * size.bytes)), back(rows.size());
    for (std::size_t k = 0; k < rows.size(); ++k) rows[k] = static_cast<std::uint8_t>(7 * k + k / 251);
    PaddedImage image;
    image.resize({size});
    image.fill(0, rows.data());
    image.copy(0, back.data());
    EXPECT_EQ(back, rows);
  }
}

// Under valgrind it shows that libswscale reads nothing that is not ours.
TEST(RgbToYuv420, ConvertsEverySize) {
  for (const std::int64_t height : {2, 12, 20, 24, 33}) {
    for (const std::int64_t width : {2, 10, 20, 24, 40, 64, 426}) {
      const std::vector<std::uint8_t> white(static_cast<std::size_t>(3 * height * width), 255);
      RgbToYuv420 convert(height, width);
      YuvFrame frame;
      convert(white.data(), frame);
      EXPECT_THAT(frame.planes[0].data, testing::Each(235));
      EXPECT_THAT(frame.planes[1].data, testing::Each(128));
      EXPECT_EQ(frame.planes[2].data.size(), static_cast<std::size_t>((height + 1) / 2 * ((width + 1) / 2)));
    }
  }
}

}  // namespace
}  // namespace isoframe::metrics
