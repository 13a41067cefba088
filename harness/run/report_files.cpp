#include "harness/run/report_files.h"

#include <set>
#include <string_view>

#include "base/files.h"
#include "harness/run/report_pictures.h"
#include "reports/github.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/records/stages.h"
#include "reports/trace.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using records::is_drawn_part;
using records::StageEvent;
using records::StageEvents;
using scenario::Case;

namespace {

reports::CaseEvents events_of(const Case& spec, const RunDirectory& directory) {
  reports::CaseEvents events{spec.name, {}};
  for (int round = 0;; ++round) {
    std::vector<StageEvents> ranks = directory.events(spec, round);
    if (ranks.empty()) return events;
    events.rounds.push_back(std::move(ranks));
  }
}

/// The last round's stages that do not hold others, by rank: they are drawn beside each other.
std::vector<StageEvents> timeline_of(const reports::CaseEvents& events) {
  std::vector<StageEvents> timeline;
  if (events.rounds.empty()) return timeline;
  for (const StageEvents& rank : events.rounds.back()) {
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

}  // namespace

void write_reports(const records::RunRecord& run, const std::vector<Case>& cases,
                   const std::map<std::string, records::CaseResult>& results, const RunDirectory& directory) {
  std::vector<reports::CaseEvents> events;
  std::map<std::string, reports::HtmlCase> html;
  PictureBudget budget;
  for (const Case& spec : cases) {
    events.push_back(events_of(spec, directory));
    reports::HtmlCase& shown = html[spec.name];
    shown.result = results.at(spec.name);
    shown.timeline = timeline_of(events.back());
    add_pictures(spec, directory, budget, shown);
  }
  const std::filesystem::path& path = directory.path();
  base::write_text(path / "report.md", reports::markdown_report(run));
  base::write_text(path / "report.html", reports::html_report(run, html));
  base::write_text(path / "junit.xml", reports::junit_report(run));
  base::write_text(path / "trace.json", reports::trace_json(events));
  reports::tell_github(run);
}

}  // namespace isoframe::harness::run
