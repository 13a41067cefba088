// A round of a run directory: when it is whole, what makes it count no more, and what forgetting it removes.

#include "harness/run/run_directory.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
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
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

class OneRound : public testing::Test {
 protected:
  void SetUp() override {
    spec_.name = "a case";
    spec_.frames = 1;
    spec_.height = spec_.width = 16;
    spec_.repeat = 1;
    spec_.steps = 1;
    spec_.baseline = "another";
    const fs::path round = directory_.round(spec_, 0);
    fs::create_directories(round);
    reports::records::RankRecord rank;
    rank.total_seconds = 1.0;
    for (const char* stage : {"text", "denoise", "decode"}) rank.stages[stage] = {0.25};
    base::write_json(round / "rank-0.json", reports::records::to_json(rank));
    model::checkpoint::write_safetensors(round / "frames.safetensors",
                                         {{"frames", at::zeros({1, 16, 16, 3})}});
    write_latents(round, latents_);
    suite_.again = {"isoframe"};
  }

  using Tensors = std::map<std::string, at::Tensor>;
  static void write_latents(const fs::path& folder, const Tensors& tensors) {
    model::checkpoint::write_safetensors(folder / "latents.safetensors", {tensors.begin(), tensors.end()});
  }
  void write_latents(const std::string& name, const at::Tensor& tensor) {
    Tensors tensors = latents_;
    tensors[name] = tensor;
    write_latents(directory_.of(spec_), tensors);
  }
  /// The round's fault as a report and as --resume find it.
  std::pair<std::string, std::string> faults() {
    const MeasuredRounds rounds = directory_.rounds(spec_, suite_);
    const std::vector<std::string> obstacles = directory_.obstacles(spec_, 0, origin_);
    return {rounds.error ? rounds.error->message : "none", obstacles.empty() ? "none" : obstacles.front()};
  }
  void expect_fault(const std::string& words) {
    const auto [reported, resumed] = faults();
    EXPECT_THAT(reported, testing::AllOf(HasSubstr(words), HasSubstr("; --resume measures it again")));
    EXPECT_THAT(resumed, HasSubstr(words));
  }

  base::TemporaryFolder folder_;
  RunDirectory directory_{folder_.path()};
  scenario::Case spec_;
  reports::records::Origin origin_;
  reports::records::SuiteRecord suite_;
  const at::Tensor some_ = at::ones({1, 4, 1, 1, 1});
  const Tensors latents_ = {{"noise", some_}, {"latents", some_}, {"step_0", some_}};
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
  EXPECT_FALSE(directory_.rounds(spec_, suite_).error);
  reports::records::Origin other = origin_;
  other.checkpoint["vae"] = "00";
  EXPECT_THAT(directory_.obstacles(spec_, 0, other),
              testing::ElementsAre("checkpoint: other content in vae"));
  spec_.width = 32;
  EXPECT_THAT(directory_.obstacles(spec_, 0, origin_), testing::ElementsAre("width: 16 then, 32 now"));
}

TEST_F(OneRound, IsDamagedForAReportAsForAResumption) {
  directory_.keep_round(spec_, 0, origin_);
  const fs::path latents = directory_.of(spec_) / "latents.safetensors";
  write_latents("noise", at::full({1, 4, 1, 1, 1}, std::nan("")));
  expect_fault("latents.safetensors: 'noise' holds NaN");
  write_latents("step_0", at::full({1, 4, 1, 1, 1}, std::nan("")));
  expect_fault("latents.safetensors: 'step_0' holds NaN");
  write_latents("latents", at::ones({1, 4, 1, 1, 2}));
  expect_fault("holds F32 latents of shape [1, 4, 1, 1, 2], not float32 latents of shape [1, any, 1, 1, 1]");
  Tensors noiseless = latents_;
  noiseless.erase("noise");
  write_latents(directory_.of(spec_), noiseless);
  expect_fault("latents.safetensors: has no 'noise'");
  fs::resize_file(latents, fs::file_size(latents) - 1);
  expect_fault("latents.safetensors");
  fs::remove(latents);
  expect_fault("latents.safetensors is missing");
  fs::create_symlink("nowhere", latents);
  expect_fault("latents.safetensors is a symbolic link that leads nowhere");
  const fs::path done = directory_.round(spec_, 0) / "done.json";
  fs::remove(done);
  fs::create_directory(done);
  expect_fault("done.json is a folder, not a file");
  fs::remove_all(directory_.of(spec_));
  fs::create_symlink("a case", directory_.of(spec_));
  expect_fault("a case is a symbolic link that leads nowhere");
}

TEST_F(OneRound, WithNaNInItsFramesTooIsAMeasurement) {
  const fs::path round = directory_.round(spec_, 0);
  model::checkpoint::write_safetensors(round / "frames.safetensors",
                                       {{"frames", at::full({1, 16, 16, 3}, std::nan(""))}});
  directory_.keep_round(spec_, 0, origin_);
  write_latents("latents", at::full({1, 4, 1, 1, 1}, std::nan("")));
  EXPECT_EQ(faults(), std::pair(std::string("none"), std::string("none")));
}

TEST_F(OneRound, WithoutAnOriginCountsOnlyInARunThatRecordsNone) {
  directory_.keep_round(spec_, 0, origin_);
  const fs::path done = directory_.round(spec_, 0) / "done.json";
  nlohmann::json record = base::read_json(done);
  record["origin"] = nullptr;
  base::write_json(done, record);
  EXPECT_THAT(faults().first, HasSubstr("done.json: 'origin' is missing or null"));
  suite_.again.clear();
  EXPECT_EQ(faults().first, "none");
}

TEST_F(OneRound, OfTwoIsAnErrorOnceTheRunHasEnded) {
  directory_.keep_round(spec_, 0, origin_);
  spec_.repeat = 2;
  EXPECT_FALSE(directory_.rounds(spec_, suite_).error);
  suite_.finished = "2026-01-31T09:05:00Z";
  EXPECT_THAT(directory_.rounds(spec_, suite_).error.value().message,
              HasSubstr("done.json is missing: round 2 of 2"));
  suite_.interrupted = true;
  EXPECT_FALSE(directory_.rounds(spec_, suite_).error);
}

TEST_F(OneRound, IsForgottenWithoutWhatLiesBehindLinks) {
  directory_.keep_round(spec_, 0, origin_);
  const base::TemporaryFolder elsewhere;
  const fs::path theirs = elsewhere.path() / "1";
  fs::create_directory(theirs);
  const fs::path rounds = directory_.round(spec_, 0).parent_path();
  fs::create_symlink(theirs, rounds / "1");
  directory_.forget(spec_, 1);
  EXPECT_TRUE(fs::exists(theirs));
  EXPECT_FALSE(fs::is_symlink(rounds / "1"));
  fs::remove_all(rounds);
  fs::create_directory_symlink(elsewhere.path(), rounds);
  EXPECT_THROW(directory_.forget(spec_, 1), InputError);
  EXPECT_TRUE(fs::exists(theirs));
  directory_.forget(spec_, 0);
  EXPECT_TRUE(fs::exists(theirs));
  EXPECT_FALSE(directory_.is_begun(spec_, 1));
}

TEST_F(OneRound, IsClearedOfWhatIsNoFileOrFolderOfIt) {
  directory_.keep_round(spec_, 0, origin_);
  EXPECT_THAT(directory_.oddities(spec_), IsEmpty());
  fs::create_directories(directory_.of(spec_) / "video.mp4" / "x");
  std::ofstream(directory_.round(spec_, 1)) << "x";
  EXPECT_THAT(directory_.oddities(spec_),
              testing::UnorderedElementsAre(HasSubstr("video.mp4 is a folder, not a file"),
                                            HasSubstr(".rounds/1 is a file, not a folder")));
  directory_.remove_oddities(spec_);
  EXPECT_THAT(directory_.oddities(spec_), IsEmpty());
  EXPECT_EQ(faults().second, "none");
}

}  // namespace
}  // namespace isoframe::harness::run
