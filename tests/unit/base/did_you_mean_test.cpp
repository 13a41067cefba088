#include "base/did_you_mean.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace isoframe::base {
namespace {

TEST(DidYouMean, OffersASlipButNotAnotherWord) {
  const std::vector<std::string> words = {"height", "width", "frames"};
  EXPECT_EQ(did_you_mean("hieght", words), "; did you mean 'height'?");
  EXPECT_EQ(did_you_mean("framse", words), "; did you mean 'frames'?");
  EXPECT_EQ(did_you_mean("prompt", words), "");
  EXPECT_EQ(did_you_mean(std::string(100'000, 'x'), words), "");
}

}  // namespace
}  // namespace isoframe::base
