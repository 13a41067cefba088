#include "harness/run/run_lock.h"

#include <filesystem>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"

namespace isoframe::harness::run {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const fs::path& directory) {
  try {
    const RunLock lock(directory);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(RunLock, IsHeldOnceAndSaysByWhom) {
  const base::TemporaryFolder folder;
  std::optional<RunLock> lock(std::in_place, folder.path());
  EXPECT_THAT(refusal(folder.path()),
              AllOf(HasSubstr(fmt::format("is in use by process {} on ", ::getpid())), HasSubstr("--out")));
  lock.reset();
  EXPECT_EQ(refusal(folder.path()), "");
  EXPECT_TRUE(fs::is_empty(folder.path())) << "a lock that is given back leaves no file";
}

TEST(RunLock, WhatAKilledProcessLeftHoldsNothing) {
  const base::TemporaryFolder folder;
  base::write_text(folder.path() / ".lock", "1 elsewhere 2026-01-31T09:05:00Z\n");
  EXPECT_EQ(refusal(folder.path()), "");
}

TEST(RunLock, AFolderThatCannotBeWrittenIsBadInput) {
  const base::TemporaryFolder folder;
  EXPECT_THAT(refusal(folder.path() / "none"),
              HasSubstr("none cannot be written: No such file or directory"));
}

}  // namespace
}  // namespace isoframe::harness::run
