#include "reports/text.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "reports/format.h"
#include "reports/markdown_text.h"

namespace isoframe::reports {
namespace {

/// Any ASCII character, controls included, with the awkward ones more often than others.
std::string random_text(std::mt19937& random) {
  const std::string awkward = "\\\\``|||<>&\"'*_[]~!@#$\n\r\t\x1b\x7f";
  std::string text;
  for (auto length = random() % 24; length > 0; --length)
    text += random() % 2 ? awkward[random() % awkward.size()] : static_cast<char>(1 + random() % 126);
  return text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// Returns the text that a Markdown renderer shows for escape_markdown's output.
std::string rendered(const std::string& markdown) {
  const std::string without_comments = replaced(markdown, "<!-- -->", "");
  std::string text;
  for (std::size_t i = 0; i < without_comments.size(); ++i) {
    const bool escapes = without_comments[i] == '\\' && i + 1 < without_comments.size() &&
                         std::ispunct(static_cast<unsigned char>(without_comments[i + 1]));
    text += without_comments[escapes ? ++i : i];
  }
  return replaced(replaced(replaced(text, "&lt;", "<"), "&gt;", ">"), "&amp;", "&");
}

TEST(OneLine, ControlCharactersAndNewlinesBecomeOneSpace) {
  EXPECT_EQ(one_line("a\r\n\tb\x1b[31m"), "a b [31m");
  EXPECT_EQ(one_line("\n a \n"), " a ");
  EXPECT_EQ(one_line("a \n b"), "a  b");
  EXPECT_EQ(one_line("a\u2028b"), "a b");
}

TEST(OneLine, BytesThatAreNoTextAreNamedAndTheRestKept) {
  EXPECT_EQ(one_line("caf\xc3\xa9 \xff \xe4\xb8"), "café \\xff \\xe4\\xb8");
  EXPECT_EQ(one_line("你好 🎬"), "你好 🎬");
}

TEST(Padded, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(display_width("你a"), 3);
  EXPECT_EQ(padded("你a", 5, Align::kLeft), "你a  ");
  EXPECT_EQ(padded("ab", 4, Align::kRight), "  ab");
  EXPECT_EQ(padded("abc", 2, Align::kRight), "abc");
}

TEST(EscapeMarkdown, ShowsEveryTextAsItIs) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random_text(random);
    EXPECT_EQ(rendered(escape_markdown(text)), one_line(text)) << testing::PrintToString(text);
  }
}

TEST(EscapeMarkdown, LeavesNothingActive) {
  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    std::string markdown = replaced(escape_markdown(random_text(random)), "<!-- -->", "\x01");
    EXPECT_EQ(markdown.find_first_of("<>\n\r"), std::string::npos);
    for (std::size_t at = 0; at < markdown.size(); ++at) {
      if (markdown[at] == '\\') {
        ++at;
        continue;
      }
      EXPECT_EQ(std::string("`*_[]~!$").find(markdown[at]), std::string::npos) << markdown;
    }
  }
}

TEST(EscapeMarkdown, NobodyIsMentionedAndNoIssueLinked) {
  EXPECT_EQ(escape_markdown("@octocat #12"), "@<!-- -->octocat #<!-- -->12");
  EXPECT_EQ(escape_markdown("2 @ 3"), "2 @ 3");
}

TEST(CodeSpan, BackticksInsideGetALongerFence) {
  EXPECT_EQ(code_span("a"), "`a`");
  EXPECT_EQ(code_span("a`b"), "``a`b``");
  EXPECT_EQ(code_span("`a``"), "``` `a`` ```");
  EXPECT_EQ(code_span("a\nb"), "`a b`");
  EXPECT_EQ(code_span(""), "");
}

TEST(CodeBlock, TextCannotCloseItsFence) { EXPECT_EQ(code_block("a\n```\nb"), "````\na\n```\nb\n````\n"); }

TEST(MarkdownTable, NoTextAddsACell) {
  std::mt19937 random(3);
  for (int i = 0; i < 500; ++i) {
    const std::string table =
        markdown_table({{"a"}, {"b"}}, {{escape_markdown(random_text(random)), escape_markdown("x|y")}});
    const std::string row = table.substr(table.find("---") + 12);
    int cells = -1;
    for (std::size_t at = row.find('|'); at < row.size(); ++at) {
      if (row[at] == '\\')
        ++at;
      else if (row[at] == '|')
        ++cells;
    }
    EXPECT_EQ(cells, 2) << row;
    EXPECT_EQ(std::count(row.begin(), row.end(), '\n'), 1) << row;
  }
}

TEST(Significant, KeepsThreeDigits) {
  EXPECT_EQ(significant(21.7741), "21.8");
  EXPECT_EQ(significant(9.996), "10.0");
  EXPECT_EQ(significant(1904.4), "1904");
  EXPECT_EQ(significant(0.012), "0.0120");
  EXPECT_EQ(significant(0.0001234), "0.000123");
  EXPECT_EQ(significant(0.00001234), "1.23e-05");
  EXPECT_EQ(significant(0.0), "0");
  EXPECT_EQ(significant(-2.0), "-2.00");
  EXPECT_EQ(significant(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(significant(std::nullopt), "-");
}

TEST(Bytes, ChangesToGibibytesAt1024) {
  EXPECT_EQ(bytes(1024.0 * 1024.0 * 312.0), "312 MiB");
  EXPECT_EQ(bytes(1024.0 * 1024.0 * 1024.0 * 1.25), "1.25 GiB");
  EXPECT_EQ(bytes(std::nullopt), "-");
}

TEST(Ssim, OnlyExactlyOneIsPrintedAsOne) {
  EXPECT_EQ(ssim(1.0), "1.000000");
  EXPECT_EQ(ssim(0.99999999), "0.999999");
  EXPECT_EQ(ssim(0.95979), "0.959790");
}

TEST(Formats, ShowNaNAsNotMeasured) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& shown : {significant(nan), bytes(nan), ratio(nan), percent(nan), ssim(nan), psnr(nan)})
    EXPECT_EQ(shown, "-");
}

TEST(TextTable, AlignsByDisplayWidthAndEndsNoLineInSpaces) {
  const std::vector<TableColumn> columns = {
      {"case", Align::kLeft}, {"time s", Align::kRight}, {"why", Align::kLeft}};
  EXPECT_EQ(text_table(columns, {{"灯台", "1.5", ""}, {"a", "10", "slow"}}),
            "case  time s  why\n"
            "灯台     1.5\n"
            "a         10  slow\n");
}

}  // namespace
}  // namespace isoframe::reports
