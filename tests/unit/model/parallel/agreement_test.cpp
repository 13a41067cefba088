#include "model/parallel/agreement.h"

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "base/error.h"

namespace isoframe::model::parallel {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// Returns the message that each of the ranks that come is given: "", "input: ..." or "run: ...".  Each has
/// the device of its number.
std::vector<std::string> told(const std::vector<Facts>& ranks, int world_size,
                              std::chrono::milliseconds patience = 30s,
                              const std::vector<std::string>& devices = {}) {
  const c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::string> result(ranks.size());
  std::vector<std::jthread> threads;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    threads.emplace_back([&, rank] {
      try {
        agree(*store, static_cast<int>(rank), world_size, ranks[rank], devices.empty() ? "" : devices[rank],
              patience);
      } catch (const InputError& error) {
        result[rank] = std::string("input: ") + error.what();
      } catch (const RunError& error) {
        result[rank] = std::string("run: ") + error.what();
      }
    });
  }
  threads.clear();
  return result;
}

TEST(Agreement, RanksWithTheSameFactsGoOn) {
  const Facts facts = {{"steps", "2"}, {"build", "abc"}};
  EXPECT_THAT(told({facts, facts, facts}, 3), Each(std::string()));
}

TEST(Agreement, EveryRankIsToldWhichOneDiffersInWhat) {
  const Facts facts = {{"checkpoint", "3f"}, {"steps", "2"}};
  EXPECT_THAT(told({facts, facts, {{"checkpoint", "3f"}, {"steps", "3"}}}, 3),
              Each("input: rank 2 differs from rank 0 in steps: '3' against '2'; give all ranks the same"));
  EXPECT_THAT(told({facts, {{"checkpoint", "3f"}}}, 2), Each(HasSubstr("steps: none against '2'")));
}

TEST(Agreement, TwoRanksOnOneDeviceAreNamed) {
  EXPECT_THAT(told({{}, {}, {}}, 3, 30s, {"GPU 17 of a", "GPU 31 of a", "GPU 17 of a"}),
              Each("input: ranks 0 and 2 both have GPU 17 of a; give each rank a GPU of its own "
                   "(CUDA_VISIBLE_DEVICES, or the launcher's option)"));
  EXPECT_THAT(told({{}, {}}, 2, 30s, {"GPU 17 of a", "GPU 17 of b"}), Each(std::string()));
  EXPECT_THAT(told({{}, {}}, 2, 30s, {"", ""}), Each(std::string()));
}

TEST(Agreement, MissingRanksAreNamedWithinThePatience) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(told({{}, {}}, 4, 300ms),
              Each(AllOf(HasSubstr("run: ranks 2, 3 of 4 have not come within 0.3 s"))));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST(Agreement, MissingRankZeroIsNamedByTheOthers) {
  const c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  try {
    agree(*store, 1, 2, {}, "", 100ms);
    FAIL() << "agreed with nobody";
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), HasSubstr("rank 1: rank 0 has not come within 0.1 s"));
  }
}

}  // namespace
}  // namespace isoframe::model::parallel
