#pragma once
// Folders and files that the tests of this module write.

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::model::checkpoint {

/// A folder that is removed after the test.
class TestFolder {
 public:
  /// `suffix` tells several folders of one test apart.
  explicit TestFolder(const std::string& suffix = {}) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            fmt::format("isoframe {}.{} {}{}", test->test_suite_name(), test->name(), ::getpid(), suffix);
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }
  /// Writes a safetensors file with this header, true or not.
  std::filesystem::path write_raw(const std::string& name, const std::string& header,
                                  const std::string& data) const {
    const std::uint64_t length = header.size();
    std::string content(sizeof length, '\0');
    std::memcpy(content.data(), &length, sizeof length);
    return write(name, content + header + data);
  }

 private:
  std::filesystem::path path_;
};

/// Returns the message of the InputError that `action` throws; fails the test if it throws none.
template <typename Action>
std::string input_error(Action&& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no InputError was thrown";
  return {};
}

}  // namespace isoframe::model::checkpoint
