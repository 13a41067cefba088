#include "model/vision/image_file.h"

#include <cstring>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/unit/model/vision/reference_data.h"

namespace isoframe::model::vision {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Covers every kind of file: depths, transparency, palettes, WebP, and EXIF's eight orientations.
TEST(LoadImage, GivesTheReferencesPixels) {
  int files = 0;
  for (const auto& [name, expected] : recorded()) {
    if (!name.starts_with("load.")) continue;
    ++files;
    const at::Tensor image = load_image(data_file(name.substr(std::strlen("load."))));
    ASSERT_EQ(image.sizes(), expected.sizes()) << name;
    EXPECT_TRUE(at::equal(image, expected))
        << name << ": " << (image.to(at::kInt) - expected.to(at::kInt)).abs().max().item<int>();
  }
  EXPECT_GE(files, 25);
}

class DamagedImage : public testing::Test {
 protected:
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& bytes) {
    const fs::path file = folder_ / name;
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }
  static std::string bytes_of(const std::string& name) {
    std::ifstream stream(data_file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  static std::string refusal(const fs::path& file) {
    try {
      load_image(file);
    } catch (const InputError& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(file.string())) << error.what();
      return error.what();
    }
    return "";
  }

 private:
  static fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "isoframe-image-XXXXXX").string();
    return mkdtemp(name.data());
  }

 protected:
  fs::path folder_ = make_folder();
};

TEST_F(DamagedImage, IsRefusedWhereverItEnds) {
  for (const char* name : {"rgb.png", "colour.jpg", "lossy.webp", "lossless.webp", "turned.jpg"}) {
    const std::string whole = bytes_of(name);
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_NE(refusal(write(name, whole.substr(0, size))), "") << name << " of " << size << " bytes";
  }
}

// Whatever a byte becomes, the answer is a picture or an InputError.
TEST_F(DamagedImage, NeverCrashesTheReader) {
  for (const char* name : {"rgb.png", "palette_alpha.png", "turned.jpg", "turned.webp", "alpha.webp"}) {
    const std::string whole = bytes_of(name);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string spoilt = whole;
      spoilt[at] = static_cast<char>(hashed(name, static_cast<std::int64_t>(at)) >> 24U);
      refusal(write(name, spoilt));
    }
  }
}

TEST_F(DamagedImage, SaysWhatIsWrong) {
  EXPECT_THAT(refusal(folder_ / "none.png"), HasSubstr("no such image"));
  EXPECT_THAT(refusal(folder_), HasSubstr("a folder, not an image"));
  EXPECT_THAT(refusal(write("empty.png", "")), HasSubstr("an empty file"));
  EXPECT_THAT(refusal(write("words.jpg", "not a picture")), HasSubstr("not a PNG, JPEG or WebP image"));
  EXPECT_THAT(refusal(write("half.png", bytes_of("rgb.png").substr(0, 70))), HasSubstr("damaged or cut off"));
}

TEST_F(DamagedImage, MayNotBeHuge) {
  std::string wide = bytes_of("rgb.png");
  wide.replace(16, 4, std::string("\x00\x00\xEA\x60", 4));  // IHDR's width: 60000
  EXPECT_THAT(refusal(write("wide.png", wide)), HasSubstr("60000 x 12 pixels; at most 16384 a side"));
}

}  // namespace
}  // namespace isoframe::model::vision
