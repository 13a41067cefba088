#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "model/vision/image_file.h"
#include "model/vision/image_orientation.h"
#include "tests/unit/model/vision/reference_data.h"

namespace isoframe::model::vision {
namespace {

namespace fs = std::filesystem;

// orientations.py draws the files; tests/parity/run names a file with fresh ones.  Where the reference
// refuses a file, anything but a crash is right.
TEST(Orientation, TurnsEveryFileAsTheReferenceDoes) {
  const char* drawn = std::getenv("ISOFRAME_ORIENTATIONS");
  const auto tensors = checkpoint::read_safetensors(drawn != nullptr ? fs::path(drawn)
                                                                     : data_file("orientations.safetensors"));
  const base::TemporaryFolder folder;
  int files = 0, turned = 0;
  for (const auto& [name, bytes] : tensors) {
    if (!name.starts_with("file.")) continue;
    const fs::path file = folder.path() / name.substr(5);
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.const_data_ptr<std::uint8_t>()), bytes.numel());
    const at::Tensor expected = tensors.at("image." + name.substr(5));
    try {
      const at::Tensor image = load_image(file);
      if (expected.numel() == 0) continue;
      ++files;
      turned += expected.size(0) == 3 ? 1 : 0;
      ASSERT_EQ(image.sizes(), expected.sizes()) << name;
      EXPECT_TRUE(at::equal(image, expected)) << name;
    } catch (const InputError& error) {
      EXPECT_EQ(expected.numel(), 0) << error.what();
    }
  }
  EXPECT_GE(files, 100);
  EXPECT_GE(turned, 20);
}

std::string tiff(const std::string& type, const std::string& value) {
  return std::string("MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0", 13) + type + std::string("\0\0\0\x01", 4) + value +
         std::string(4, '\0');
}

int turn(const std::string& exif, const std::string& xmp = "") { return orientation_of({exif, xmp}); }

TEST(Orientation, IsAnyNumberThatIsWhole) {
  const std::string six("\0\x06\0\0", 4);
  EXPECT_EQ(turn(tiff("\x03", six)), 6);
  EXPECT_EQ(turn(tiff("\x08", six)), 6);
  EXPECT_EQ(turn(tiff("\x04", std::string("\0\0\0\x06", 4))), 6);
  EXPECT_EQ(turn(tiff("\x0b", std::string("\x40\xc0\0\0", 4))), 6) << "6.0";
  EXPECT_EQ(turn(tiff("\x0b", std::string("\x40\xd0\0\0", 4))), 1) << "6.5";
  EXPECT_EQ(turn(tiff("\x01", std::string("\x06\0\0\0", 4))), 1) << "Pillow takes a BYTE for text";
  EXPECT_EQ(turn(tiff("\x03", std::string("\0\x09\0\0", 4))), 1);
}

TEST(Orientation, OfXmpCountsWhereExifHasNone) {
  const std::string xmp = "<rdf:Description tiff:Orientation=\"8\"/>";
  EXPECT_EQ(orientation_of({{}, xmp}), 8);
  EXPECT_EQ(orientation_of({{}, "<tiff:Orientation>5</tiff:Orientation>"}), 5);
  EXPECT_EQ(turn("Exif" + std::string(2, '\0'), xmp), 8);
  EXPECT_EQ(turn(tiff("\x63", std::string("\0\x06\0\0", 4)), xmp), 8) << "a type that nobody knows";
  EXPECT_EQ(turn(tiff("\x03", std::string("\0\x06\0\0", 4)), xmp), 6);
  EXPECT_EQ(turn(tiff("\x03", std::string("\0\0\0\0", 4)), xmp), 1) << "even one that says nothing";
}

}  // namespace
}  // namespace isoframe::model::vision
