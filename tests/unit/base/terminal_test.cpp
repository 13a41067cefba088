#include "base/terminal.h"

#include <gtest/gtest.h>

namespace isoframe::base {
namespace {

TEST(Terminal, ControlCharactersBecomeWords) {
  EXPECT_EQ(for_terminal("a\x1b[31mb\r\x7f\b"), "a\\x1b[31mb\\x0d\\x7f\\x08");
  EXPECT_EQ(for_terminal("\xc2\x9b"
                         "2J"),
            "\\xc2\\x9b2J");
  EXPECT_EQ(for_terminal(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(Terminal, TextStays) {
  EXPECT_EQ(for_terminal("one\n\ttwo \xc3\xa9 \xc2\xa0 \xe2\x9b\x84 \xc2"),
            "one\n\ttwo \xc3\xa9 \xc2\xa0 \xe2\x9b\x84 \xc2");
}

}  // namespace
}  // namespace isoframe::base
