#include "base/text.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::base {
namespace {

using testing::ThrowsMessage;

TEST(Text, TheFirstByteThatIsNoCharacterIsFound) {
  EXPECT_FALSE(first_invalid_byte("café 🎬"));
  EXPECT_EQ(first_invalid_byte("caf\xe9 x"), 3u);
  EXPECT_EQ(first_invalid_byte("\xe4\xb8"), 0u) << "cut short";
  EXPECT_EQ(first_invalid_byte("a\xed\xa0\x80"), 1u) << "a surrogate";
  EXPECT_EQ(first_invalid_byte("a\xc0\x80"), 1u) << "overlong";
}

TEST(Text, ThatIsNotUtf8IsRefusedWithItsPlace) {
  EXPECT_NO_THROW(require_utf8("停车", "--prompt"));
  EXPECT_THAT([] { require_utf8("caf\xe9", "--prompt"); },
              ThrowsMessage<InputError>("--prompt is not valid UTF-8 at byte 3 (0xe9)"));
}

TEST(TextOfBytes, IsWhatItWasWhereThatIsText) {
  EXPECT_EQ(text_of_bytes("a\\b/café"), "a\\b/café");
  EXPECT_EQ(text_of_bytes("caf\xe9 x"), "caf\\xe9 x");
  EXPECT_EQ(text_of_bytes("a\\xe9"), "a\\x5cxe9") << "or it would come back as another name";
}

TEST(TextOfBytes, ComesBackWhateverTheBytes) {
  std::mt19937 random(1);
  const std::string alphabet = "\\x5ce9\xe9\xff\xc3\xa9";
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    for (unsigned length = random() % 12; length > 0; --length) bytes += alphabet[random() % alphabet.size()];
    const std::string text = text_of_bytes(bytes);
    ASSERT_FALSE(first_invalid_byte(text));
    ASSERT_EQ(bytes_of_text(text), bytes) << text;
  }
  EXPECT_EQ(path_of(text_of(std::filesystem::path("r\xff/x"))).native(), "r\xff/x");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("short"), "short");
  EXPECT_EQ(shortened("abcdef", 3), "abc...");
  EXPECT_EQ(shortened("abéd", 3), "ab...");
}

}  // namespace
}  // namespace isoframe::base
