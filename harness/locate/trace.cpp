#include "harness/locate/trace.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_file.h"

namespace isoframe::harness::locate {

namespace fs = std::filesystem;
namespace records = reports::records;

namespace {

/// The folder of a trace that is named by its folder or by its description.
fs::path folder_of(const fs::path& path) {
  std::error_code unknown;
  const bool names_file = path.filename() == kDescriptionFile && fs::is_regular_file(path, unknown);
  const fs::path folder = !names_file ? path : path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::exists(folder, unknown)) throw InputError(fmt::format("{} is missing", folder.string()));
  if (!fs::exists(folder / kDescriptionFile, unknown))
    throw InputError(fmt::format("{} is no trace: it holds no {}, which `isoframe trace --out` leaves",
                                 folder.string(), kDescriptionFile));
  return folder;
}

Side read_side(const fs::path& folder, const records::TraceRecord& record) {
  if (!record.parts_of.empty())
    return side_of(base::read_record<Reference>(reference_file(folder), reference_from_json));
  std::vector<Recording> recordings;
  for (int rank = 0; rank < record.ranks; ++rank)
    recordings.push_back(base::read_record<Recording>(recording_file(folder, rank), recording_from_json));
  return side_of(recordings);
}

}  // namespace

bool is_trace_file(const fs::path& file) {
  const fs::path folder = file.parent_path();
  if (file.filename() == kDescriptionFile || file == reference_file(folder)) return true;
  const std::string name = file.filename().string();
  int rank = 0;
  const char* const begin =
      std::find_if(name.data(), name.data() + name.size(), [](char c) { return c >= '0' && c <= '9'; });
  std::from_chars(begin, name.data() + name.size(), rank);
  return file == recording_file(folder, rank);
}

Trace read_trace(const fs::path& path) {
  Trace trace{.folder = folder_of(path), .record = {}, .side = {}};
  trace.record = base::read_record<records::TraceRecord>(trace.folder / kDescriptionFile,
                                                         records::trace_record_from_json);
  trace.side = read_side(trace.folder, trace.record);
  return trace;
}

}  // namespace isoframe::harness::locate
