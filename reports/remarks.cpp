#include "reports/remarks.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/text.h"

namespace isoframe::reports {

using records::CaseRow;
using records::NotJudged;
using records::RunRecord;

namespace {

void add(std::vector<Remark>& remarks, const std::string& text, const std::string& name) {
  const auto found = std::ranges::find(remarks, text, &Remark::text);
  Remark& remark = found == remarks.end() ? remarks.emplace_back(Remark{text, {}}) : *found;
  remark.cases.push_back(name);
}

std::vector<std::string> notes(const CaseRow& row) { return row.notes; }

std::vector<std::string> notes_on_run(const RunRecord& run) { return run.notes; }

std::vector<std::string> warnings(const CaseRow& row) {
  std::vector<std::string> messages;
  for (const records::Warning& warning : row.warnings) messages.push_back(warning.message);
  return messages;
}

constexpr std::array kKinds = {RemarkKind{"not_judged", "Not judged", "NOT JUDGED", not_judged},
                               RemarkKind{"notes", "Notes", "NOTE", notes, notes_on_run},
                               RemarkKind{"warnings", "Warnings", "WARNING", warnings}};

}  // namespace

std::vector<std::string> not_judged(const CaseRow& row) {
  std::vector<std::string> sentences;
  std::vector<const NotJudged*> said;
  for (const NotJudged& one : row.not_judged) {
    const auto is_same = [&](const NotJudged* other) {
      return other->why == one.why && other->remedy == one.remedy;
    };
    if (std::ranges::any_of(said, is_same)) continue;
    said.push_back(&one);
    std::vector<std::string> what;
    for (const NotJudged& other : row.not_judged)
      if (is_same(&other)) what.emplace_back(records::name_of(other.what));
    sentences.push_back(fmt::format("{} {} not judged: {}; it takes {}", fmt::join(what, " and "),
                                    what.size() == 1 && what[0] != "frames" ? "was" : "were", one.why,
                                    one.remedy));
  }
  return sentences;
}

std::span<const RemarkKind> remark_kinds() { return kKinds; }

std::vector<Remark> remarks(const RemarkKind& kind, const RunRecord& run) {
  std::vector<Remark> remarks;
  if (kind.of_run != nullptr)
    for (const std::string& sentence : kind.of_run(run)) remarks.push_back({sentence, {}});
  for (const CaseRow& row : run.cases)
    for (const std::string& sentence : kind.of_case(row)) add(remarks, sentence, row.name);
  return remarks;
}

std::string not_judged_in_short(const RunRecord& run) {
  std::vector<std::string> parts;
  for (const auto& [what, name] : records::Names<records::Subject>::all) {
    const auto count = std::ranges::count_if(run.cases, [what = what](const CaseRow& row) {
      return std::ranges::find(row.not_judged, what, &NotJudged::what) != row.not_judged.end();
    });
    if (count > 0) parts.push_back(fmt::format("{} of {} case{}", name, count, count == 1 ? "" : "s"));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string cases_of(const Remark& remark, const RunRecord& run) {
  constexpr std::size_t kMost = 6;
  if (remark.cases.empty()) return "the run";
  if (remark.cases.size() == run.cases.size() && remark.cases.size() > 1)
    return fmt::format("all {} cases", remark.cases.size());
  if (remark.cases.size() > kMost)
    return fmt::format("{} of {} cases", remark.cases.size(), run.cases.size());
  std::vector<std::string> names;
  for (const std::string& name : remark.cases) names.push_back(one_line(name));
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace isoframe::reports
