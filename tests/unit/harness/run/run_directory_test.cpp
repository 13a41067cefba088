// The order in which a run directory's files reach the disk before it says that a round is whole.

#include "harness/run/run_directory.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_file.h"
#include "base/temporary_folder.h"
#include "model/checkpoint/safetensors.h"
#include "reports/records/rank.h"

namespace {

std::vector<std::string> synced;  // names, in the order of fsync()

}  // namespace

// This stands before the C library's.
extern "C" int fsync(int file) {
  synced.push_back(
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file)).filename().string());
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace isoframe::harness::run {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::IsSupersetOf;

class OneRound : public testing::Test {
 protected:
  void SetUp() override {
    spec_.name = "a case";
    spec_.frames = 1;
    spec_.height = spec_.width = 16;
    spec_.repeat = 1;
    spec_.baseline = "another";
    const fs::path round = directory_.round(spec_, 0);
    fs::create_directories(round);
    reports::records::RankRecord rank;
    rank.total_seconds = 1.0;
    base::write_json(round / "rank-0.json", reports::records::to_json(rank));
    for (const char* name : {"frames", "latents"})
      model::checkpoint::write_safetensors(round / (std::string(name) + ".safetensors"),
                                           {{name, at::zeros({1, 16, 16, 3})}});
  }

  base::TemporaryFolder folder_;
  RunDirectory directory_{folder_.path()};
  scenario::Case spec_;
  reports::records::Origin origin_;
};

TEST_F(OneRound, IsCalledWholeAfterAllItsFoldersAreOnDisk) {
  synced.clear();
  directory_.keep_round(spec_, 0, origin_);
  const auto done =
      std::ranges::find_if(synced, [](const std::string& name) { return name.starts_with(".done.json"); });
  ASSERT_NE(done, synced.end());
  EXPECT_THAT(std::vector<std::string>(synced.begin(), done),
              IsSupersetOf({std::string("0"), std::string(".rounds"), std::string("a case"),
                            folder_.path().filename().string()}));
}

TEST_F(OneRound, CountsUntilSomethingIsOtherThanItWas) {
  directory_.keep_round(spec_, 0, origin_);
  EXPECT_THAT(directory_.obstacles(spec_, 0, origin_), IsEmpty());
  EXPECT_FALSE(directory_.rounds(spec_).error);
  reports::records::Origin other = origin_;
  other.checkpoint["vae"] = "00";
  EXPECT_THAT(directory_.obstacles(spec_, 0, other),
              testing::ElementsAre("checkpoint: other content in vae"));
  spec_.width = 32;
  EXPECT_THAT(directory_.obstacles(spec_, 0, origin_).at(0),
              testing::HasSubstr("not float32 frames of shape"));
}

}  // namespace
}  // namespace isoframe::harness::run
