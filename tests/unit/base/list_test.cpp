#include "base/list.h"

#include <gtest/gtest.h>

namespace isoframe::base {
namespace {

TEST(ListOf, NamesTheFirstFewAndCountsTheRest) {
  EXPECT_EQ(list_of({}), "none");
  EXPECT_EQ(list_of({"a"}), "a");
  EXPECT_EQ(list_of({"a", "b", "c"}, 3), "a, b, c");
  EXPECT_EQ(list_of({"a", "b", "c"}, 2), "a, b and 1 more");
  EXPECT_EQ(list_of({"a", "b", "c"}, 2, 100), "a, b and 98 more");
  EXPECT_EQ(list_of({"a", "b", "c"}, 3, 100), "a, b, c and 97 more");
}

}  // namespace
}  // namespace isoframe::base
