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

using nlohmann::json;
using reports::records::is_drawn_part;
using scenario::Case;

namespace {

reports::CaseEvents events_of(const Case& spec, const RunDirectory& directory) {
  reports::CaseEvents events{spec.name, {}};
  for (int round = 0;; ++round) {
    std::vector<json> ranks = directory.events(spec, round);
    if (ranks.empty()) return events;
    events.rounds.push_back(std::move(ranks));
  }
}

std::string_view stage_of(const json& event) { return event.at(0).get_ref<const std::string&>(); }

/// Of the last round, only stages that do not hold others: they are drawn beside each other.
json timeline_of(const reports::CaseEvents& events) {
  json timeline = json::array();
  if (events.rounds.empty()) return timeline;
  for (const json& rank : events.rounds.back()) {
    std::set<std::string_view> in_parts;
    for (const json& event : rank) {
      const std::string_view stage = stage_of(event);
      if (is_drawn_part(stage)) in_parts.insert(reports::records::whole_of(stage));
    }
    json shown = json::array();
    for (const json& event : rank) {
      const std::string_view stage = stage_of(event);
      if (is_drawn_part(stage) || (reports::records::is_outer_stage(stage) && !in_parts.contains(stage)))
        shown.push_back({stage, event.at(1), event.at(2), event.at(3)});
    }
    timeline.push_back(std::move(shown));
  }
  return timeline;
}

}  // namespace

void write_reports(const json& run, const std::vector<Case>& cases,
                   const std::map<std::string, json>& results, const RunDirectory& directory) {
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
