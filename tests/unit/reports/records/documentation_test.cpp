// The README's list of fields is made from the records' tables.  UPDATE_README=1 writes it anew.

#include "reports/records/documentation.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace isoframe::reports::records {
namespace {

const std::filesystem::path kReadme = std::filesystem::path(ISOFRAME_SOURCE) / "reports/records/README.md";

/// The README with what stands between a file's markers replaced by its fields.
std::string with_fields(std::string readme) {
  for (const auto& [file, fields] : documentation()) {
    const std::string begin = fmt::format("<!-- fields of {} -->\n", file), end = "<!-- end -->";
    const std::size_t at = readme.find(begin);
    EXPECT_NE(at, std::string::npos) << "README.md has no place for the fields of " << file;
    if (at == std::string::npos) continue;
    const std::size_t from = at + begin.size();
    readme.replace(from, readme.find(end, from) - from, fields);
  }
  return readme;
}

TEST(Documentation, OfEveryFieldIsInTheReadme) {
  const std::string readme = base::read_text(kReadme), expected = with_fields(readme);
  if (std::getenv("UPDATE_README") != nullptr) std::ofstream(kReadme) << expected;
  EXPECT_EQ(readme, expected) << "UPDATE_README=1 build/unit_reports_records writes it anew";
}

TEST(Documentation, HasShortCellsAndAMeaningForEachField) {
  for (const auto& [file, fields] : documentation()) {
    std::istringstream lines(fields);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 320u) << file << ": " << line;
      EXPECT_EQ(line.find("|  |\n"), std::string::npos) << line;
      EXPECT_FALSE(line.starts_with("| `") && line.ends_with("|  |")) << file << ": " << line;
    }
  }
}

}  // namespace
}  // namespace isoframe::reports::records
