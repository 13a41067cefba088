// The formats are a contract: a change shows as a difference of a file in golden/.
// ISOFRAME_UPDATE_GOLDEN=1 writes those files anew; look at what changed before committing them.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/console.h"
#include "reports/junit.h"
#include "reports/markdown.h"

namespace isoframe::reports {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(__FILE__).parent_path() / "golden";

std::string read(const std::filesystem::path& file) {
  std::ostringstream content;
  content << std::ifstream(file).rdbuf();
  return content.str();
}

void expect_golden(const std::string& name, const std::string& actual) {
  if (std::getenv("ISOFRAME_UPDATE_GOLDEN") != nullptr) std::ofstream(kFolder / name) << actual;
  EXPECT_EQ(actual, read(kFolder / name)) << name;
}

records::RunRecord recorded_run() {
  return records::run_record_from_json(nlohmann::json::parse(read(kFolder / "run.json")));
}

TEST(Golden, MarkdownReport) { expect_golden("report.md", markdown_report(recorded_run())); }

TEST(Golden, ConsoleSummary) { expect_golden("summary.txt", console_summary(recorded_run())); }

TEST(Golden, JunitReport) { expect_golden("junit.xml", junit_report(recorded_run())); }

}  // namespace
}  // namespace isoframe::reports
