#include "model/kernels/block_cache.h"

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "model/kernels/caching_allocator.h"
#include "model/kernels/memory_statistics.h"

namespace isoframe::model::kernels {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20U;

TEST(BlockCache, ABlockOfNearlyTheSameSizeIsUsedAgain) {
  BlockCache cache;
  void* const first = cache.allocate(10 * kMegabyte);
  cache.deallocate(first);
  void* const second = cache.allocate(9 * kMegabyte);
  EXPECT_EQ(second, first);
  cache.deallocate(second);
}

TEST(BlockCache, AMuchLargerBlockIsNotWastedOnASmallRequest) {
  BlockCache cache;
  void* const large = cache.allocate(10 * kMegabyte);
  cache.deallocate(large);
  void* const small = cache.allocate(6 * kMegabyte);
  EXPECT_NE(small, large);
  cache.deallocate(small);
}

TEST(BlockCache, DataIsAlignedAndNothingIsNull) {
  BlockCache cache;
  EXPECT_EQ(cache.allocate(0), nullptr);
  cache.deallocate(nullptr);
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{65}, 70000 * std::size_t{1}, 5 * kMegabyte}) {
    void* const data = cache.allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % BlockCache::kAlignment, 0U);
    std::memset(data, 1, bytes);
    cache.deallocate(data);
  }
  EXPECT_THROW(cache.allocate(SIZE_MAX), std::bad_alloc);
}

TEST(BlockCache, CountsWhatIsLiveItsPeakAndWhatIsReserved) {
  BlockCache cache;
  void* const a = cache.allocate(3 * kMegabyte);
  void* const b = cache.allocate(100);
  EXPECT_EQ(cache.statistics().live, 3 * kMegabyte + 100);
  cache.deallocate(a);
  EXPECT_EQ(cache.statistics().live, 100U);
  EXPECT_EQ(cache.statistics().peak, 3 * kMegabyte + 100);
  EXPECT_GE(cache.statistics().reserved, 3 * kMegabyte);
  cache.reset_peak();
  EXPECT_EQ(cache.statistics().peak, 100U);
  cache.release();
  EXPECT_LT(cache.statistics().reserved, kMegabyte);
  cache.deallocate(b);
  EXPECT_EQ(cache.statistics().reserved, 0U);
}

TEST(BlockCache, ReservedMemoryIsBoundedByTheMostThatWasInUse) {
  BlockCache cache;
  // Sizes that no kept block serves, 1 GB in all; never touched, so no memory is really taken.
  for (std::size_t bytes = 4 * kMegabyte; bytes < 200 * kMegabyte; bytes = bytes * 3 / 2)
    cache.deallocate(cache.allocate(bytes));
  EXPECT_LE(cache.statistics().reserved, 200 * kMegabyte * 5 / 4 + 64 * kMegabyte);
  void* const kept = cache.allocate(300 * kMegabyte);
  EXPECT_LE(cache.statistics().reserved, 340 * kMegabyte * 5 / 4 + 64 * kMegabyte);
  cache.deallocate(kept);
}

TEST(BlockCache, ThreadsShareIt) {
  BlockCache cache;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (std::size_t i = 0; i < 200; ++i) {
        const std::size_t bytes = 1000 + i * 1000;
        auto* const data = static_cast<unsigned char*>(cache.allocate(bytes));
        std::memset(data, t, bytes);
        EXPECT_EQ(data[bytes - 1], t);
        cache.deallocate(data);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache.statistics().live, 0U);
}

// Installed before any tensor of this program, as install_caching_allocator() asks for.
class Installed : public ::testing::Environment {
 public:
  void SetUp() override { install_caching_allocator(); }
};
const auto* const kInstalled = ::testing::AddGlobalTestEnvironment(new Installed());

TEST(CachingAllocator, TensorsAreCountedAndTheirMemoryUsedAgain) {
  reset_peak_memory();
  const std::uint64_t before = memory_statistics().live;
  void* first = nullptr;
  {
    const at::Tensor tensor = at::empty({kMegabyte}, at::kFloat);
    first = tensor.data_ptr();
    EXPECT_EQ(memory_statistics().live - before, 4 * kMegabyte);
    EXPECT_TRUE(at::equal(tensor.fill_(3.0).clone(), tensor));
  }
  EXPECT_EQ(memory_statistics().live, before);
  EXPECT_GE(memory_statistics().peak - before, 8 * kMegabyte);
  EXPECT_EQ(at::empty({kMegabyte}, at::kFloat).data_ptr(), first);
  release_cached_memory();
  EXPECT_LT(memory_statistics().reserved, 4 * kMegabyte);
}

}  // namespace
}  // namespace isoframe::model::kernels
