#include "reports/html.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "reports/case_table.h"
#include "reports/engine_table.h"
#include "reports/published.h"
#include "reports/records/stages.h"
#include "reports/remarks.h"
#include "reports/templates.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : one_line(text)) {
    if (c == '<' || c == '>' || c == '&' || c == '"') {
      result += fmt::format("&#{};", static_cast<int>(c));
    } else {
      result += c;
    }
  }
  return result;
}

/// The timeline as the page reads it: for each rank a list of [stage, index, start, seconds].
json to_json(const std::vector<records::StageEvents>& timeline) {
  json ranks = json::array();
  for (const records::StageEvents& events : timeline) {
    json& rank = ranks.emplace_back(json::array());
    for (const records::StageEvent& event : events)
      rank.push_back({event.stage, event.index, event.start, event.seconds});
  }
  return ranks;
}

json pictures_of(const HtmlCase& shown) {
  json pictures = json::array();
  for (const FramePictures& frame : shown.pictures)
    pictures.push_back({{"frame", frame.frame},
                        {"reference", frame.reference},
                        {"candidate", frame.candidate},
                        {"heat", frame.heat},
                        {"largest", frame.largest}});
  return pictures;
}

/// Details that a page shows of a case beside its row, as far as `room`, in bytes, allows; takes from it what
/// it uses.
json details_of(const HtmlCase& shown, const std::string& name, std::size_t& room) {
  const auto taken = [&](const json& part) {
    const std::size_t size = script_safe(part).size();
    if (size > room) return false;
    room -= size;
    return true;
  };
  json result = records::to_json(shown.result), timeline = to_json(shown.timeline);
  std::string note = shown.note;
  const auto leave_out = [&](const std::string& what) { note += (note.empty() ? "" : " ") + what; };
  if (!taken(result)) {
    result = json::object();
    timeline = json::array();
    leave_out(fmt::format(
        "Its details are left out: the report would grow too large. {}/result.json has them.", name));
  } else if (!taken(timeline)) {
    timeline = json::array();
    leave_out("Its stages are not drawn: the report would grow too large. trace.json has them.");
  }
  return {{"result", std::move(result)},
          {"timeline", std::move(timeline)},
          {"pictures", pictures_of(shown)},
          {"thumbnail", shown.thumbnail},
          {"note", note}};
}

/// The rows in the order in which their details are worth most.
std::vector<const records::CaseRow*> by_interest(const records::RunRecord& run) {
  std::vector<const records::CaseRow*> rows;
  for (const records::CaseRow& row : run.cases) rows.push_back(&row);
  std::ranges::stable_sort(rows, {}, [](const records::CaseRow* row) {
    return is_not_passed(*row) ? 0 : row->identical == false ? 1 : row->baseline.empty() ? 2 : 3;
  });
  return rows;
}

json to_json(const std::vector<Remark>& remarks, const records::RunRecord& run) {
  json list = json::array();
  for (const Remark& remark : remarks)
    list.push_back({{"cases", cases_of(remark, run)}, {"text", remark.text}});
  return list;
}

/// The number of a stage's colour in charts; 0 for a stage that is not drawn.  Encode and decode are at
/// opposite ends: their parts share colours, as the two inputs do.
int colour_of(const records::Stage& stage) {
  using enum records::StageKind;
  switch (stage.kind) {
    case kOuter:
      return records::is_stage(std::string(stage.name) + ".tile", kTile) ? 3 : 1;
    case kStep:
      return 2;
    case kTile:
      return 3;
    case kTravel:
    case kBroadcast:
      return 4;
    case kBlend:
      return 5;
    case kBranch:
    case kPass:
      break;
  }
  return 0;
}

json stage_colours() {
  json colours = json::object();
  for (const records::Stage& stage : records::kStages)
    if (const int colour = colour_of(stage)) colours[std::string(stage.name)] = colour;
  return colours;
}

/// True for an integer that JavaScript, which has doubles, would show as another.
bool is_beyond_doubles(const json& value) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 53;
  if (value.is_number_unsigned()) return std::cmp_greater(value.get<std::uint64_t>(), kLargest);
  if (!value.is_number_integer()) return false;
  const auto number = value.get<std::int64_t>();
  return number > kLargest || number < -kLargest;
}

/// The data as a page can read it: large integers as text, and no text with bytes that are not UTF-8.
json for_page(json value) {
  if (value.is_structured()) {
    for (json& item : value) item = for_page(std::move(item));
  } else if (is_beyond_doubles(value)) {
    value = value.dump();
  } else if (value.is_string() && base::first_invalid_byte(value.get_ref<const std::string&>())) {
    value = base::text_of_bytes(value.get_ref<const std::string&>());
  }
  return value;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

/// Replaces each placeholder once, in this order; what is filled in is not looked at again.
std::string filled(std::string_view text,
                   const std::vector<std::pair<std::string_view, std::string_view>>& values) {
  std::string result;
  for (const auto& [placeholder, value] : values) {
    const std::size_t at = text.find(placeholder);
    if (at == std::string_view::npos)
      throw std::logic_error(fmt::format("report.html lacks {}", placeholder));
    result.append(text.substr(0, at)).append(value);
    text.remove_prefix(at + placeholder.size());
  }
  return result.append(text);
}

}  // namespace

std::string data_uri(const std::string& mime_type, const std::string& bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text = fmt::format("data:{};base64,", mime_type);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t group = static_cast<std::uint8_t>(bytes[i]) << 16;
    if (left > 1) group |= static_cast<std::uint8_t>(bytes[i + 1]) << 8;
    if (left > 2) group |= static_cast<std::uint8_t>(bytes[i + 2]);
    text += kDigits[group >> 18];
    text += kDigits[group >> 12 & 63];
    text += left > 1 ? kDigits[group >> 6 & 63] : '=';
    text += left > 2 ? kDigits[group & 63] : '=';
  }
  return text;
}

std::string script_safe(const json& value) {
  std::string text = for_page(value).dump();
  replace_all(text, "<", "\\u003c");
  replace_all(text, "\u2028", "\\u2028");
  replace_all(text, "\u2029", "\\u2029");
  return text;
}

std::string html_report(const records::RunRecord& run, const std::map<std::string, HtmlCase>& cases) {
  const std::string sentence = verdict_sentence(run);
  json details = json::object();
  std::size_t room = kDetailBytes;
  for (const records::CaseRow* row : by_interest(run)) {
    const auto shown = cases.find(row->name);
    if (shown != cases.end()) details[row->name] = details_of(shown->second, row->name, room);
  }
  const EngineTable engines = engine_table(run);
  const PublishedTable published = published_table(run);
  json data = {{"run", records::to_json(run)},
               {"verdict", sentence},
               {"engines",
                {{"titles", engines.titles},
                 {"rows", engines.rows},
                 {"sentences", engines.sentences},
                 {"speed_ups", kSpeedUps},
                 {"engines", engines.engines}}},
               {"published",
                {{"titles", published.titles},
                 {"rows", published.rows},
                 {"source", published.source},
                 {"differences", published.differences}}},
               {"stage_colours", stage_colours()},
               {"cases", std::move(details)}};
  for (const RemarkKind& kind : remark_kinds()) data[kind.key] = to_json(remarks(kind, run), run);
  const std::string page_data = script_safe(data);
  const std::string title = "isoframe: " + escaped(sentence);
  return filled(templates::kHtml, {{"@TITLE@", title},
                                   {"@CSS@", templates::kCss},
                                   {"@CHART_JS@", templates::kChartJs},
                                   {"@DATA@", page_data},
                                   {"@JS@", templates::kJs}});
}

}  // namespace isoframe::reports
