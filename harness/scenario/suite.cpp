#include "harness/scenario/suite.h"

#include <cstdint>
#include <fnmatch.h>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/did_you_mean.h"
#include "harness/scenario/baselines.h"
#include "harness/scenario/case_builder.h"
#include "harness/scenario/engine_reader.h"
#include "harness/scenario/error.h"
#include "harness/scenario/expand.h"
#include "harness/scenario/name_template.h"
#include "harness/scenario/paths.h"

namespace isoframe::harness::scenario {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSchemaVersion = 1;

void check_version(const Value& root, const std::optional<Value>& version) {
  if (!version)
    root.fail(fmt::format("the scenario has no version; start it with 'version: {}'", kSchemaVersion));
  const std::int64_t number = version->integer("version", 0, 1'000'000);
  if (number != kSchemaVersion) {
    version->fail(
        fmt::format("version {} is not known here; this program reads version {}", number, kSchemaVersion));
  }
}

std::vector<Case> load_file(const fs::path& file, const Overrides& overrides) {
  const Value root = read_yaml(file);
  std::map<std::string, Value> parts;
  for (const Entry& entry :
       root.mapping("a scenario", {"version", "checkpoint", "engines", "defaults", "cases"})) {
    parts.emplace(entry.key, entry.value);
  }
  const auto part = [&](const char* key) {
    const auto found = parts.find(key);
    return found == parts.end() ? std::optional<Value>() : std::optional<Value>(found->second);
  };
  check_version(root, part("version"));
  const std::optional<Value> checkpoint_value = part("checkpoint");
  Case initial;
  if (overrides.variant) initial.variant = *overrides.variant;
  if (overrides.device) initial.device = *overrides.device;
  if (overrides.checkpoint) {
    initial.checkpoint = *overrides.checkpoint;
  } else if (checkpoint_value) {
    initial.checkpoint = read_path(*checkpoint_value, "checkpoint");
  } else {
    root.fail("the scenario has no checkpoint; name a checkpoint's folder");
  }
  const std::optional<Value> cases_value = part("cases");
  if (!cases_value) root.fail("the scenario has no cases; list at least one");
  const std::optional<Value> defaults = part("defaults");

  const std::optional<Value> engines_value = part("engines");
  const std::map<std::string, Engine> engines =
      engines_value ? read_engines(*engines_value) : std::map<std::string, Engine>();
  const std::vector<Draft> drafts = expand_cases(defaults ? &*defaults : nullptr, *cases_value);
  std::vector<Case> cases;
  std::map<std::string, Location> seen;
  for (const Draft& draft : drafts) {
    const auto [first, is_new] = seen.emplace(in_lower_case(draft.name), draft.name_where);
    if (!is_new) {
      throw ScenarioError(draft.name_where,
                          fmt::format("name '{}' is taken at {}; names are folders, so each "
                                      "must be its own, also where upper and lower case are the same",
                                      draft.name, to_string(first->second)));
    }
    cases.push_back(build_case(draft, initial));
    if (overrides.repeat) cases.back().repeat = *overrides.repeat;
    if (overrides.launcher) cases.back().launcher = *overrides.launcher;
    settle_engine(draft, cases.back(), engines);
    cases.back().skip_reason = reason_to_skip(cases.back());
  }
  check_baselines(drafts, cases);
  return cases;
}

/// Checks that names are unique over all files, because they meet in one run directory.
void check_names_over_files(const std::vector<Case>& cases) {
  std::map<std::string, const Case*> seen;
  for (const Case& spec : cases) {
    const auto [first, is_new] = seen.emplace(in_lower_case(spec.name), &spec);
    if (is_new) continue;
    throw ScenarioError(
        spec.where,
        fmt::format("case '{}' is also in {}{}; rename one, or run the files apart", spec.name,
                    to_string(first->second->where),
                    first->second->name == spec.name ? "" : fmt::format(" as '{}'", first->second->name)));
  }
}

/// Moves the cases that `filter` does not name, and no such case needs, to those that are left out.
void apply(const std::string& filter, Suite& suite) {
  std::vector<Case>& cases = suite.cases;
  std::set<std::string> kept;
  std::vector<std::string> names;
  for (const Case& spec : cases) {
    names.push_back(spec.name);
    if (fnmatch(filter.c_str(), spec.name.c_str(), 0) != 0) continue;
    kept.insert(spec.name);
    if (!spec.baseline.empty()) kept.insert(spec.baseline);
  }
  if (kept.empty()) {
    std::string hint = base::did_you_mean(filter, names);
    if (hint.empty()) hint = "; isoframe validate lists their names";
    throw InputError(fmt::format("no case matches --filter '{}'{}", filter, hint));
  }
  std::erase_if(cases, [&](const Case& spec) {
    if (kept.contains(spec.name)) return false;
    suite.left_out.insert(spec.name);
    return true;
  });
}

}  // namespace

Suite load_suite(const std::vector<fs::path>& files, const Overrides& overrides) {
  if (overrides.repeat && *overrides.repeat < 1) {
    throw InputError(fmt::format("--repeat {} is below 1", *overrides.repeat));
  }
  Suite suite{files, {}, {}};
  for (const fs::path& file : files) {
    std::vector<Case> cases = load_file(file, overrides);
    std::move(cases.begin(), cases.end(), std::back_inserter(suite.cases));
  }
  check_names_over_files(suite.cases);
  if (!overrides.filter.empty()) apply(overrides.filter, suite);
  return suite;
}

}  // namespace isoframe::harness::scenario
