// scenarios/README.md and the schema say what the tables of keys and gates say.  With
// UPDATE_README=1 this test writes what it would otherwise compare.

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
  const bool writes = std::getenv("UPDATE_README") != nullptr;
  if (writes) std::ofstream(file, std::ios::binary) << expected;
  // EXPECT_TRUE: what differs would fill the screen twice.
  EXPECT_TRUE(read(file) == expected)
      << file.lexically_normal().string() << " is not as the tables say; UPDATE_README=1 writes it";
}

/// `text` with what stands between the markers of this name replaced by `content`.
std::string with_part(std::string text, const std::string& name, const std::string& content) {
  const std::string begin = "<!-- " + name + " -->\n";
  const std::size_t at = text.find(begin);
  if (at == std::string::npos) return "no place for " + name;
  const std::size_t from = at + begin.size();
  return text.replace(from, text.find("<!-- end -->", from) - from, content);
}

TEST(Documents, TheSchemaIsWhatTheTablesSay) {
  expect_content(kScenarios / "scenario.schema.json", schema_text());
}

TEST(Documents, TheReadmeHasTheTables) {
  const std::string readme = read(kScenarios / "README.md");
  expect_content(
      kScenarios / "README.md",
      with_part(with_part(with_part(readme, "case keys", key_table_text()), "gates", gate_table_text()),
                "engines", engine_table_text()));
}

TEST(Documents, PlainTextHasNeitherBackticksNorLinks) {
  EXPECT_EQ(plain("`repeat` 5 or more ([how](../reports/README.md#verdicts))"), "repeat 5 or more (how)");
}

}  // namespace
}  // namespace isoframe::harness::scenario
