// Files that appear whole, and what killed processes leave of them.

#include "base/files.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.h"

namespace {

std::vector<std::string> calls;  // of fsync(), in order
bool refuses_modes = false;      // as some file systems do

}  // namespace

// These stand before the C library's.
extern "C" int fchmod(int file, mode_t mode) {
  if (!refuses_modes) return static_cast<int>(::syscall(SYS_fchmod, file, mode));
  errno = EPERM;
  return -1;
}
extern "C" int fsync(int file) {
  calls.push_back("sync " +
                  std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file)).filename().string());
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace isoframe::base {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

/// Runs `work` in a process that is killed after it.
template <typename Work>
void run_and_kill(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::raise(SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
}

TEST(AtomicFile, IsOnDiskBeforeItHasItsNameAndThenTheNameIs) {
  const TemporaryFolder folder;
  AtomicFile file(folder.path() / "done.json");
  const std::string temporary = fs::path(file.temporary()).filename();
  file.write("{}");
  calls.clear();
  file.commit();
  EXPECT_THAT(calls, ElementsAre("sync " + temporary, "sync " + folder.path().filename().string()));
}

TEST(AtomicFile, WhereModesCannotBeSetTheFileIsThereAllTheSame) {
  const TemporaryFolder folder;
  refuses_modes = true;
  write_text(folder.path() / "run.json", "{}");
  refuses_modes = false;
  EXPECT_EQ(read_text(folder.path() / "run.json"), "{}");
}

TEST(AtomicFile, WhatAKilledProcessLeftIsRemovedAndWhatALivingOneWritesIsNot) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "case");
  run_and_kill([&] {
    static AtomicFile half(folder.path() / "case" / "done.json");
    half.write("{");
    static AtomicFile video(folder.path() / "case" / "video.mp4", ".mp4");
  });
  ASSERT_THAT(names_in(folder.path() / "case"), SizeIs(2));
  AtomicFile living(folder.path() / "case" / "run.json");
  living.write("{}");
  remove_abandoned_files(folder.path());
  ASSERT_THAT(names_in(folder.path() / "case"), SizeIs(1));
  living.commit();
  EXPECT_THAT(names_in(folder.path() / "case"), ElementsAre("run.json"));
}

TEST(AtomicFile, FilesOfOthersAreNotTakenForAbandoned) {
  const TemporaryFolder folder;
  const std::vector<std::string> others = {".hidden", ".isoframe-notes", ".run.json.isoframe-ab",
                                           "notes.a1B2c3", "run.json.isoframe-a1B2c3"};
  for (const std::string& name : others) write_text(folder.path() / name, "mine");
  remove_abandoned_files(folder.path());
  EXPECT_THAT(names_in(folder.path()), SizeIs(others.size()));
}

TEST(TemporaryFolder, WhatAKilledProcessLeftIsRemovedAndALivingOnesIsNot) {
  const TemporaryFolder system;
  const char* const before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", system.path().c_str(), 1);
  {
    run_and_kill([] {
      static const TemporaryFolder left;
      write_text(left.path() / "store", "x");
    });
    fs::create_directories(system.path() / "isoframe-mine");
    ASSERT_THAT(names_in(system.path()), SizeIs(2));
    const TemporaryFolder living;
    remove_abandoned_folders();
    EXPECT_TRUE(fs::exists(living.path()));
    EXPECT_THAT(names_in(system.path()), SizeIs(2));
  }
  EXPECT_THAT(names_in(system.path()), ElementsAre("isoframe-mine"));
  if (before == nullptr)
    ::unsetenv("TMPDIR");
  else
    ::setenv("TMPDIR", kept.c_str(), 1);
}

}  // namespace
}  // namespace isoframe::base
