#include "harness/run/entries.h"

#include <fstream>
#include <string>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace isoframe::harness::run {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Entries : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(root_ / "folder");
    std::ofstream(root_ / "file") << "x";
    fs::create_symlink("nowhere", root_ / "dangling");
    fs::create_symlink("loop", root_ / "loop");
    fs::create_symlink("folder", root_ / "link");
  }

  template <typename Act>
  static std::string refusal(const Act& act) {
    try {
      act();
    } catch (const InputError& error) {
      return error.what();
    }
    return "not refused";
  }
  std::string refusal_of_file(const fs::path& path) const {
    return refusal([&] { is_file(root_ / path); });
  }

  base::TemporaryFolder folder_;
  fs::path root_ = folder_.path();
};

TEST_F(Entries, AreThereOrNotByTheirKind) {
  EXPECT_TRUE(is_file(root_ / "file"));
  EXPECT_FALSE(is_file(root_ / "none"));
  EXPECT_FALSE(is_file(root_ / "none" / "at" / "all"));
  EXPECT_TRUE(is_folder(root_ / "folder"));
  EXPECT_TRUE(is_folder(root_ / "link"));
  EXPECT_FALSE(is_folder(root_ / "link" / "none"));
}

TEST_F(Entries, ThatAreSomethingElseAreNamedByTheFirstPartThatIs) {
  const std::string root = root_.string();
  EXPECT_EQ(refusal_of_file("folder"), root + "/folder is a folder, not a file");
  EXPECT_EQ(refusal_of_file("file/within/it"), root + "/file is a file, not a folder");
  EXPECT_THAT(refusal_of_file("dangling"),
              HasSubstr(root + "/dangling is a symbolic link that leads nowhere"));
  EXPECT_THAT(refusal_of_file("dangling/x"),
              HasSubstr(root + "/dangling is a symbolic link that leads nowhere"));
  EXPECT_THAT(refusal_of_file("loop/x/y"), HasSubstr(root + "/loop is a symbolic link that leads nowhere"));
  EXPECT_EQ(refusal([&] { is_folder(root_ / "file"); }), root + "/file is a file, not a folder");
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of_file("pipe"), root + "/pipe is neither a file nor a folder, not a file");
}

TEST_F(Entries, AreTakenWhateverTheyAre) {
  for (const char* name : {"folder", "file", "dangling", "loop", "link"})
    EXPECT_TRUE(is_taken(root_ / name)) << name;
  for (const char* name : {"none", "file/x", "loop/x"}) EXPECT_FALSE(is_taken(root_ / name)) << name;
}

TEST_F(Entries, AreRemovedAndNotWhatALinkLeadsTo) {
  std::ofstream(root_ / "folder" / "kept") << "x";
  EXPECT_THAT(refusal([&] { remove_within(root_, root_ / "link" / "kept"); }),
              HasSubstr("link is a symbolic link, behind which nothing is removed"));
  for (const char* name : {"link", "loop", "dangling", "file", "none"}) remove_within(root_, root_ / name);
  EXPECT_TRUE(is_file(root_ / "folder" / "kept"));
  for (const char* name : {"link", "loop", "dangling", "file"}) EXPECT_FALSE(is_taken(root_ / name)) << name;
}

}  // namespace
}  // namespace isoframe::harness::run
