#include "reports/records/documentation.h"

#include <cctype>
#include <set>
#include <typeindex>
#include <utility>

#include <fmt/format.h>

#include "reports/records/case_result.h"
#include "reports/records/certificate_record.h"
#include "reports/records/divergence.h"
#include "reports/records/history_record.h"
#include "reports/records/metrics.h"
#include "reports/records/origin.h"
#include "reports/records/published.h"
#include "reports/records/qualify_evidence.h"
#include "reports/records/rank.h"
#include "reports/records/round_record.h"
#include "reports/records/run_record.h"
#include "reports/records/selftest_record.h"
#include "reports/records/stage_event.h"
#include "reports/records/trace_record.h"
#include "reports/records/visit.h"

namespace isoframe::reports::records {

namespace {

/// The type of what a field holds below lists, objects by name and optional values: a record, or a plain
/// value. `suffix` tells how it is held: "[]" in a list, "{}" in an object by name.
template <typename T>
struct Held {
  using Type = T;
  static std::string suffix() { return {}; }
};
template <typename T>
struct Held<std::optional<T>> : Held<T> {};
template <typename T>
struct Held<std::vector<T>> {
  using Type = typename Held<T>::Type;
  static std::string suffix() { return "[]" + Held<T>::suffix(); }
};
template <typename T, std::size_t N>
struct Held<std::array<T, N>> : Held<std::vector<T>> {};
template <typename T>
struct Held<std::map<std::string, T>> {
  using Type = typename Held<T>::Type;
  static std::string suffix() { return "{}" + Held<T>::suffix(); }
};

const char* when_unset(Presence presence) {
  switch (presence) {
    case Presence::kNull:
      return "null";
    case Presence::kOmitted:
      return "absent";
    case Presence::kAlways:
    case Presence::kAdded:
    case Presence::kInline:
      break;
  }
  return "";
}

/// The anchor that GitHub gives a heading.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-')
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (c == ' ')
      anchor += '-';
  }
  return anchor;
}

class Documentation {
 public:
  template <typename Record>
  void add_file(const std::string& file) {
    files_[file] = described<Record>(file, "");
  }
  std::map<std::string, std::string> take() { return std::move(files_); }

 private:
  /// The record's table and the sections of what is inside it.  `path` leads to it, empty for a whole file.
  template <typename Record>
  std::string described(const std::string& file, const std::string& path) {
    std::string sections;
    const std::string rows = rows_of<Record>(file, path, sections);
    return fmt::format("| field | unit | if unset | meaning |\n| --- | --- | --- | --- |\n{}{}", rows,
                       sections);
  }

  template <typename Record>
  std::string rows_of(const std::string& file, const std::string& path, std::string& sections) {
    std::string rows;
    const auto add = [&]<typename Owner, typename Member>(const Field<Owner, Member>& field) {
      using Type = typename Held<Member>::Type;
      if constexpr (IsRecord<Type>) {
        if (field.presence == Presence::kInline) {
          rows += rows_of<Type>(file, path, sections);
          return;
        }
      }
      const std::string name = field.name + Held<Member>::suffix();
      std::string meaning = field.meaning;
      if constexpr (IsRecord<Type>) {
        const std::string inner = path.empty() ? name : path + "." + name;
        meaning += section_of<Type>(file, inner, sections);
      }
      rows += fmt::format("| `{}` | {} | {} | {} |\n", name, field.unit, when_unset(field.presence), meaning);
    };
    std::apply([&](const auto&... field) { (add(field), ...); }, fields_of<Record>());
    return rows;
  }

  /// A link to the record's section, which is added to `sections` if there is none yet.
  template <typename Record>
  std::string section_of(const std::string& file, const std::string& path, std::string& sections) {
    const auto [found, is_new] = headings_.try_emplace(typeid(Record), fmt::format("{}: {}", file, path));
    const std::string heading = found->second;
    if (is_new) sections += fmt::format("\n### `{}`\n\n{}", heading, described<Record>(file, path));
    return fmt::format("; see [`{}`](#{})", heading.substr(heading.find(": ") + 2), anchor_of(heading));
  }

  std::map<std::string, std::string> files_;
  std::map<std::type_index, std::string> headings_;  ///< of the records that have a section
};

}  // namespace

std::map<std::string, std::string> documentation() {
  Documentation documentation;
  documentation.add_file<CaseResult>("result.json");
  documentation.add_file<RunRecord>("run.json");
  documentation.add_file<SuiteRecord>("suite.json");
  documentation.add_file<RankRecord>("rank-<r>.json");
  documentation.add_file<RoundRecord>("done.json");
  documentation.add_file<StageEvent>("events-<r>.json");
  documentation.add_file<PredictedRank>("prediction-<k>.json");
  documentation.add_file<MachineRates>("rates");
  documentation.add_file<ComparisonRecord>("compare.json");
  documentation.add_file<TraceRecord>("fingerprints.json");
  documentation.add_file<LocateRecord>("locate --json");
  documentation.add_file<Certificate>("certificate.json");
  documentation.add_file<Evidence>("evidence.json");
  documentation.add_file<MeasureSeries>("history --json");
  documentation.add_file<SelftestRecord>("selftest --json");
  return documentation.take();
}

}  // namespace isoframe::reports::records
