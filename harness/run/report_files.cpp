#include "harness/run/report_files.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iostream>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "harness/run/entries.h"
#include "harness/run/report_pictures.h"
#include "reports/github.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/records/run_files.h"
#include "reports/records/stages.h"
#include "reports/trace.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using records::is_drawn_part;
using records::StageEvent;
using records::StageEvents;
using scenario::Case;

namespace {

/// Runs `write`, and says what went wrong in it.  Returns that, or an empty string.
template <typename Write>
std::string attempt(const char* severity, const Write& write) {
  try {
    write();
    return {};
  } catch (const std::exception& error) {
    std::cerr << severity << ": " << message_of(error) << '\n';
    return message_of(error);
  }
}

/// Rounds that the case has events of.
std::size_t rounds_with_events(const Case& spec, const RunDirectory& directory) {
  std::size_t rounds = 0;
  while (directory.has_events(spec, static_cast<int>(rounds))) ++rounds;
  return rounds;
}

/// Calls `visit(round, events by rank)` for each round that a trace shows: the last, or all.  `damaged` is
/// told of those whose files cannot be read.
template <typename Visit, typename Damaged>
void for_traced_rounds(const Case& spec, const RunDirectory& directory, TracedRounds which,
                       const Visit& visit, const Damaged& damaged) {
  const std::size_t rounds = rounds_with_events(spec, directory);
  const std::size_t first = which == TracedRounds::kAll || rounds == 0 ? 0 : rounds - 1;
  for (std::size_t round = first; round < rounds; ++round) {
    std::vector<StageEvents> ranks;
    try {
      ranks = directory.events(spec, static_cast<int>(round));
    } catch (const std::exception& error) {
      damaged(error);
      continue;
    }
    visit(round, ranks);
  }
}

/// The stages of a round that do not hold others, by rank: they are drawn beside each other.
std::vector<StageEvents> timeline_of(const std::vector<StageEvents>& ranks) {
  std::vector<StageEvents> timeline;
  for (const StageEvents& rank : ranks) {
    std::set<std::string_view> in_parts;
    for (const StageEvent& event : rank)
      if (is_drawn_part(event.stage)) in_parts.insert(records::whole_of(event.stage));
    StageEvents shown;
    for (const StageEvent& event : rank) {
      const std::string& stage = event.stage;
      if (is_drawn_part(stage) || (records::is_outer_stage(stage) && !in_parts.contains(stage)))
        shown.push_back(event);
    }
    timeline.push_back(std::move(shown));
  }
  return timeline;
}

/// Writes the trace, one round in memory at a time; `origin` is the first start of all.
void write_trace(const std::vector<Case>& cases, const RunDirectory& directory, TracedRounds which,
                 double origin, const std::filesystem::path& path) {
  base::AtomicFile file(path);
  constexpr std::size_t kBuffer = 1U << 16;
  std::string buffer;
  const auto flush = [&] {
    file.write(buffer);
    buffer.clear();
  };
  reports::TraceWriter trace(origin, [&](std::string_view text) {
    buffer += text;
    if (buffer.size() >= kBuffer) flush();
  });
  for (const Case& spec : cases) {
    trace.begin_case(spec.name);
    for_traced_rounds(
        spec, directory, which, [&](std::size_t round, const auto& ranks) { trace.add_round(round, ranks); },
        [](const std::exception&) {});
  }
  trace.end();
  flush();
  file.commit();
}

}  // namespace

void write_reports(records::RunRecord& run, const std::vector<Case>& cases,
                   const std::map<std::string, records::CaseResult>& results, const RunDirectory& directory,
                   TracedRounds traced) {
  const std::filesystem::path& path = directory.documents();
  const auto write = [&](const char* name, const auto& report) {
    std::string why = attempt("error", [&] { base::write_text(path / name, report(run)); });
    const bool is_written = why.empty();
    if (!is_written) run.unwritten.push_back(std::move(why));
    return is_written;
  };
  if (write(records::kMarkdownFile, [](const auto& all) { return reports::markdown_report(all); }))
    run.document = (path / records::kMarkdownFile).string();
  write(records::kJunitFile, [](const auto& all) { return reports::junit_report(all); });

  std::map<std::string, reports::HtmlCase> html;
  PictureBudget budget;
  double origin = std::numeric_limits<double>::infinity();
  for (const Case& spec : cases) {
    reports::HtmlCase& shown = html[spec.name];
    shown.result = results.at(spec.name);
    for_traced_rounds(
        spec, directory, traced,
        [&](std::size_t, const auto& ranks) {
          origin = std::min(origin, reports::first_start(ranks));
          shown.timeline = timeline_of(ranks);
        },
        [](const std::exception& error) {
          std::cerr << "warning: the trace leaves out " << message_of(error) << '\n';
        });
    add_pictures(spec, directory, budget, shown);
  }
  const auto write_page = [&] {
    base::write_text(path / records::kHtmlFile, reports::html_report(run, html));
    run.document = (path / records::kHtmlFile).string();
  };
  attempt("warning", write_page);
  attempt("warning", [&] { write_trace(cases, directory, traced, origin, path / records::kTraceFile); });
  attempt("warning", [&] { reports::tell_github(run); });
}

}  // namespace isoframe::harness::run
