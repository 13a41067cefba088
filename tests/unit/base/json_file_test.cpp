#include "base/json_file.h"

#include <fstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"

namespace isoframe::base {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class JsonFile : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    directory_ = fs::path(testing::TempDir()) / (std::string("json file ") + info->name());
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path path(const std::string& name) const { return directory_ / name; }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }

  fs::path directory_;
};

TEST_F(JsonFile, ReadsBackWhatItWrote) {
  const json value = {{"seconds", 0.1}, {"name", "t2v-π"}, {"list", {1, nullptr, true}}};
  write_json(path("a.json"), value);
  EXPECT_EQ(read_json(path("a.json")), value);
}

TEST_F(JsonFile, ReplacesAFileAndLeavesNothingBesideIt) {
  write_text(path("report.md"), "a long first version\n");
  write_text(path("report.md"), "second\n");
  EXPECT_EQ(read_text(path("report.md")), "second\n");
  EXPECT_EQ(files(), 1u);
}

TEST_F(JsonFile, OthersMayReadWhatWasWritten) {
  write_text(path("report.md"), "x");
  struct stat status {};
  ASSERT_EQ(::stat(path("report.md").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
}

TEST_F(JsonFile, AFailedWriteLeavesNoFile) {
  fs::create_directories(path("taken"));
  EXPECT_THAT([&] { write_text(path("taken"), "x"); },
              ThrowsMessage<RunError>(HasSubstr("taken: cannot be")));
  EXPECT_EQ(files(), 1u);
  EXPECT_THAT([&] { write_text(path("no/such/folder.json"), "x"); },
              ThrowsMessage<RunError>(HasSubstr("folder.json: cannot be created")));
}

TEST_F(JsonFile, AMissingFileIsNamed) {
  EXPECT_THAT([&] { read_json(path("none.json")); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("none.json"), HasSubstr("No such file"))));
  EXPECT_THAT([&] { read_json(directory_); }, ThrowsMessage<InputError>(HasSubstr("is a directory")));
}

TEST_F(JsonFile, ADamagedFileIsNamedWithLineAndColumn) {
  write_text(path("cut.json"), "{\n  \"a\": 1,\n  \"b\": ]");
  EXPECT_THAT([&] { read_json(path("cut.json")); },
              ThrowsMessage<InputError>(HasSubstr("cut.json:3:8: not JSON")));
}

TEST_F(JsonFile, ANumberThatIsTooLargeIsNamedWithLineAndColumn) {
  write_text(path("config.json"), "{\n  \"num_layers\": 1e999}");
  EXPECT_THAT([&] { read_json(path("config.json")); },
              ThrowsMessage<InputError>(
                  HasSubstr("config.json:2:17: a number that is too large: at most 1.79769e+308")));
}

TEST_F(JsonFile, BytesThatAreNotUtf8AreNamedWithLineAndColumn) {
  write_text(path("config.json"), "{\n  \"name\": \"caf\xe9\"}");
  EXPECT_THAT(
      [&] { read_json(path("config.json")); },
      ThrowsMessage<InputError>(HasSubstr("config.json:2:15: not JSON: byte 0xe9 is not valid UTF-8")));
}

TEST_F(JsonFile, TextIsNeverReplacedByOther) {
  EXPECT_ANY_THROW(write_json(path("a.json"), {{"prompt", "caf\xe9"}}));
  EXPECT_FALSE(fs::exists(path("a.json")));
}

}  // namespace
}  // namespace isoframe::base
