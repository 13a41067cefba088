#pragma once
// A pipe for progress lines, both ends in one process.

#include <array>
#include <fcntl.h>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace isoframe::harness::launch {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  int writer() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  /// Reads the JSON lines in the pipe.
  std::vector<nlohmann::json> read() const {
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::array<char, 1 << 17> buffer;
    const ssize_t count = ::read(ends_[0], buffer.data(), buffer.size());
    std::istringstream stream(count > 0 ? std::string(buffer.data(), count) : std::string());
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

 private:
  int ends_[2];
};

}  // namespace isoframe::harness::launch
