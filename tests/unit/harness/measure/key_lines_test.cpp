#include "harness/measure/key_lines.h"

#include <gtest/gtest.h>

namespace isoframe::harness::measure {
namespace {

TEST(ValueIn, IsTheFirstOfTheWholeKey) {
  constexpr const char* kText =
      "Model Number: 3\nModel: \t\t NVIDIA H200 \nIRQ:   \t 16\nModel: other\nNAME=\"Debian\"\nEmpty:\n";
  EXPECT_EQ(value_in(kText, "Model", ':'), "NVIDIA H200");
  EXPECT_EQ(value_in(kText, "IRQ", ':'), "16");
  EXPECT_EQ(value_in(kText, "NAME", '='), "Debian");
  EXPECT_EQ(value_in(kText, "Empty", ':'), "");
  EXPECT_EQ(value_in(kText, "GPU UUID", ':'), "");
  EXPECT_EQ(value_in(text_of_file("/no/such/file"), "Model", ':'), "");
}

}  // namespace
}  // namespace isoframe::harness::measure
