#pragma once
// The sending end of a rank's progress lines.

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace isoframe::harness::launch {

/// Tells the launcher where this rank is, through the descriptor in kProgressVariable.  Never blocks and
/// never fails: a launcher that is slow, gone or absent costs nothing but the report.
class ProgressWriter {
 public:
  /// A writer that sends nothing if the variable is missing or names no open descriptor.  Otherwise SIGPIPE
  /// is ignored in this process from now on.
  static ProgressWriter from_environment();
  /// A writer that appends to a file, for whoever cannot be reached by a descriptor.
  static ProgressWriter to_file(const std::filesystem::path& path);
  explicit ProgressWriter(int descriptor);

  /// Sends a report; `index` and `of` below zero are left out.
  void write(std::string_view stage, std::int64_t index = -1, std::int64_t of = -1) const;

 private:
  int descriptor_;
};

}  // namespace isoframe::harness::launch
