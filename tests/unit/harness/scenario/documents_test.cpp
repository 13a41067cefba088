// scenarios/README.md and the schema say what the tables of keys and gates say.  With
// ISOFRAME_WRITE_DOCUMENTS=1 this test writes what it would otherwise compare.

#include "harness/scenario/documents.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace isoframe::harness::scenario {
namespace {

namespace fs = std::filesystem;

const fs::path kScenarios = fs::path(__FILE__).parent_path() / "../../../../scenarios";

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

void expect_content(const fs::path& file, const std::string& expected) {
  const bool writes = std::getenv("ISOFRAME_WRITE_DOCUMENTS") != nullptr;
  if (writes) std::ofstream(file, std::ios::binary) << expected;
  // EXPECT_TRUE: what differs would fill the screen twice.
  EXPECT_TRUE(read(file) == expected) << file.lexically_normal().string()
                                      << " is not as the tables say; ISOFRAME_WRITE_DOCUMENTS=1 writes it";
}

/// `text` with `content` between the lines that begin and end the part of this name.
std::string with_part(const std::string& text, const std::string& name, const std::string& content) {
  const std::string begin = "<!-- " + name + ": written from ", end = "<!-- end of " + name + " -->";
  const std::size_t from = text.find('\n', text.find(begin)) + 1, to = text.find(end);
  if (text.find(begin) == std::string::npos || to == std::string::npos) return "no part '" + name + "'";
  return text.substr(0, from) + content + text.substr(to);
}

TEST(Documents, TheSchemaIsWhatTheTablesSay) {
  expect_content(kScenarios / "scenario.schema.json", schema_text());
}

TEST(Documents, TheReadmeHasTheTables) {
  const std::string readme = read(kScenarios / "README.md");
  expect_content(kScenarios / "README.md",
                 with_part(with_part(readme, "case keys", key_table_text()), "gates", gate_table_text()));
}

TEST(Documents, PlainTextHasNeitherBackticksNorLinks) {
  EXPECT_EQ(plain("`repeat` 5 or more ([how](../reports/README.md#verdicts))"), "repeat 5 or more (how)");
}

}  // namespace
}  // namespace isoframe::harness::scenario
