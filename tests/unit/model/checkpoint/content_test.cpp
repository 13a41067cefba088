#include "model/checkpoint/content.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/checkpoint/safetensors.h"
#include "tests/unit/model/checkpoint/files.h"

namespace isoframe::model::checkpoint {
namespace {

namespace fs = std::filesystem;

class Content : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("vae/config.json", R"({"width": 1})");
    folder_.write("text_encoder/config.json", "{}");
    write_safetensors(folder_ / "vae/model.safetensors", {{"weight", at::zeros({2, 3})}});
  }
  std::string of(const std::string& part) { return prints_.of_checkpoint(folder_.path()).at(part); }
  void change_last_byte(const std::string& name) {
    std::fstream file(folder_ / name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('!');
  }

  TestFolder folder_;
  ContentFingerprints prints_;
};

TEST_F(Content, OneByteOfAWeightIsSeenThoughSizeAndTimeOfTheFileAreSetBack) {
  const std::string before = of("vae"), other = of("text_encoder");
  const std::string state = state_of_checkpoint(folder_.path());
  EXPECT_EQ(state_of_checkpoint(folder_.path()), state);
  const auto time = fs::last_write_time(folder_ / "vae/model.safetensors");
  ::usleep(20'000);  // longer than a tick of the clock of file times
  change_last_byte("vae/model.safetensors");
  fs::last_write_time(folder_ / "vae/model.safetensors", time);
  EXPECT_NE(of("vae"), before);
  EXPECT_EQ(of("text_encoder"), other);
  EXPECT_NE(state_of_checkpoint(folder_.path()), state);
}

TEST_F(Content, EveryPieceOfALargeFileCounts) {
  for (const char* name : {"a", "b", "c"}) {
    folder_.write(name, "");
    fs::resize_file(folder_ / name, 50'000'000);
  }
  const auto write_at = [&](const char* name, std::streamoff at) {
    std::fstream file(folder_ / name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file.put('x');
  };
  write_at("b", 1);
  write_at("c", 40'000'000);
  EXPECT_NE(prints_.of_file(folder_ / "a"), prints_.of_file(folder_ / "b"));
  EXPECT_NE(prints_.of_file(folder_ / "a"), prints_.of_file(folder_ / "c"));
  EXPECT_EQ(ContentFingerprints().of_file(folder_ / "c"), prints_.of_file(folder_ / "c"));
}

TEST_F(Content, ACopyElsewhereHasTheSame) {
  fs::create_directories(folder_ / "copy");
  fs::copy(folder_ / "vae", folder_ / "copy" / "vae");
  EXPECT_EQ(ContentFingerprints().of_checkpoint(folder_ / "copy").at("vae"), of("vae"));
}

TEST_F(Content, AFolderLinkedToItselfEnds) {
  const std::string before = of("vae");
  fs::create_directory_symlink(".", folder_ / "vae" / "self");
  EXPECT_EQ(of("vae"), before);
}

TEST_F(Content, AFileThatCannotBeReadIsNamed) {
  try {
    prints_.of_file(folder_ / "none");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              (folder_ / "none").string() + ": cannot be read: No such file or directory");
  }
}

}  // namespace
}  // namespace isoframe::model::checkpoint
