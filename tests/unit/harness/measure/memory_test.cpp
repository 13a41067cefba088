#include "harness/measure/memory.h"

#include <cstring>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace isoframe::harness::measure {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// A block of touched pages that its destructor returns to the system.
class Block {
 public:
  explicit Block(std::size_t bytes) : bytes_(bytes) {
    data_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(data_, 1, bytes);
  }
  ~Block() { ::munmap(data_, bytes_); }

 private:
  void* data_;
  std::size_t bytes_;
};

TEST(PeakResident, RemembersWhatIsGoneUntilItIsReset) {
  const std::uint64_t before = peak_resident_bytes().value();
  { const Block block(128 * kMiB); }
  EXPECT_GT(peak_resident_bytes().value(), before + 64 * kMiB);
  if (!reset_peak_resident()) GTEST_SKIP() << "this kernel does not let us reset the peak";
  EXPECT_LT(peak_resident_bytes().value(), before + 64 * kMiB);
}

TEST(Proportional, OfASharedPageEveryRankHasItsPart) {
  const Block block(128 * kMiB);
  const std::uint64_t alone = proportional_bytes(2).value();
  EXPECT_GT(alone, 128 * kMiB);
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte;
    ::close(gate[1]);
    ::_exit(::read(gate[0], &byte, 1) == 0 ? 0 : 1);
  }
  const std::uint64_t shared = proportional_bytes(2).value();
  const std::uint64_t of_one = proportional_bytes(1).value();
  ::close(gate[0]);
  ::close(gate[1]);
  ::waitpid(child, nullptr, 0);
  EXPECT_LT(shared, alone - 32 * kMiB);
  EXPECT_GT(of_one, alone - 16 * kMiB) << "what a process shares with others than ranks is its own";
}

TEST(PeakProportional, SeesAPeakBetweenStartAndStop) {
  const std::uint64_t before = proportional_bytes(1).value();
  PeakProportional peak(1, std::chrono::milliseconds(1));
  {
    const Block block(128 * kMiB);
    std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  }
  const std::optional<std::uint64_t> seen = peak.stop();
  EXPECT_GT(seen.value(), before + 64 * kMiB);
  EXPECT_EQ(peak.stop(), seen);
}

TEST(PeakProportional, LooksOnceMoreAtTheStop) {
  PeakProportional peak(1, std::chrono::hours(1));
  const std::uint64_t before = proportional_bytes(1).value();
  const Block block(128 * kMiB);
  EXPECT_GT(peak.stop().value(), before + 64 * kMiB);
}

}  // namespace
}  // namespace isoframe::harness::measure
