#pragma once
// Traces: what the ranks of one run showed at its probe points, in a folder that can be kept.

#include <filesystem>

#include "harness/locate/comparison.h"
#include "reports/records/trace_record.h"

namespace isoframe::harness::locate {

/// The engine that isoframe's own ranks are.
inline constexpr const char* kOwnEngine = "isoframe";
/// The file that describes a trace; it is written when all others are whole.
inline constexpr const char* kDescriptionFile = "fingerprints.json";
/// True for a file of this name that is part of a trace.
bool is_trace_file(const std::filesystem::path& file);

struct Trace {
  std::filesystem::path folder;
  reports::records::TraceRecord record;
  Side side;
};

/// Reads a whole trace, of whatever engine; `path` is its folder, or the file in it that describes it. Throws
/// InputError naming the file that is missing or damaged.
Trace read_trace(const std::filesystem::path& path);

}  // namespace isoframe::harness::locate
