#pragma once
// Lines that one process appends to a file of a shared folder and another reads: the way between processes
// that nothing else connects.

#include <filesystem>
#include <ios>
#include <string>
#include <string_view>
#include <vector>

#include "harness/launch/lines.h"

namespace isoframe::harness::launch {

/// Appends `line`, its end included, in one step.  Returns whether all of it was written.
bool append_line(const std::filesystem::path& file, std::string_view line);

/// Reads what is appended to a file, which may not be there yet.
class AppendedLines {
 public:
  explicit AppendedLines(std::filesystem::path file) : file_(std::move(file)) {}

  /// The lines that have come to their end since the last call, without their ends.  The file is opened anew
  /// each time: a network file system then asks its server what is there.
  std::vector<std::string> read();

 private:
  std::filesystem::path file_;
  std::streamoff position_ = 0;
  LineReader lines_;
};

}  // namespace isoframe::harness::launch
