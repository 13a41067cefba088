#include "harness/run/suite_record.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/shell.h"
#include "base/time.h"
#include "harness/measure/environment.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/name_template.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;

namespace {

/// The one value on which all cases agree, else a list of their values.
template <typename Value>
records::Common<Value> common(const std::vector<Case>& cases, Value Case::*member) {
  std::set<Value> values;
  for (const Case& spec : cases) values.insert(spec.*member);
  if (values.size() == 1) return *values.begin();
  return std::vector<Value>(values.begin(), values.end());
}

}  // namespace

records::SuiteRecord begin_suite(const scenario::Suite& suite, const RunOptions& options) {
  records::SuiteRecord record;
  record.started = base::utc_now();
  record.command = options.command;
  record.again = options.again;
  record.environment = measure::environment();
  for (const fs::path& file : suite.files) record.scenarios.push_back(file.string());
  for (const Case& spec : suite.cases) record.cases.push_back(scenario::to_json(spec));
  return record;
}

std::vector<Case> cases_of(const records::SuiteRecord& suite) {
  std::vector<Case> cases;
  std::set<std::string> names;
  for (const nlohmann::json& spec : suite.cases) {
    try {
      cases.push_back(scenario::case_from_json(spec));
    } catch (const InputError& error) {
      throw InputError(fmt::format("suite.json: 'cases[{}]': {}", cases.size(), error.what()));
    }
    const Case& one = cases.back();
    if (!scenario::is_case_name(one.name))
      throw InputError(
          fmt::format("suite.json: a case is named '{}', which is no folder of the run", one.name));
    if (!names.insert(one.name).second)
      throw InputError(fmt::format("suite.json: two cases are named '{}'", one.name));
  }
  for (const Case& spec : cases)
    if (!spec.baseline.empty() && !names.contains(spec.baseline))
      throw InputError(fmt::format("suite.json: case '{}' has the baseline '{}', which is not in it",
                                   spec.name, spec.baseline));
  return cases;
}

records::Environment environment_of(const records::SuiteRecord& suite, const std::vector<Case>& cases) {
  records::Environment environment = suite.environment;
  environment.threads_per_rank = common(cases, &Case::threads_per_rank);
  environment.device = common(cases, &Case::device);
  return environment;
}

std::string command_of(const records::SuiteRecord& suite, const RunOptions& options, const Case& spec) {
  std::vector<std::string> words = suite.again;
  if (words.empty()) {  // an older isoframe's
    words = {"isoframe", "run"};
    std::ranges::copy(suite.scenarios, std::back_inserter(words));
  }
  words.insert(words.end(), {"--filter", spec.name});
  for (const fs::path& earlier : options.against) words.insert(words.end(), {"--against", earlier.string()});
  std::vector<std::string> required;
  for (const records::Subject subject : options.required) required.emplace_back(records::name_of(subject));
  if (!required.empty())
    words.insert(words.end(), {"--require", fmt::format("{}", fmt::join(required, ","))});
  return base::shell_quoted(words);
}

const Case* case_named(const std::vector<Case>& cases, const std::string& name) {
  const auto found = std::ranges::find(cases, name, &Case::name);
  return found == cases.end() ? nullptr : &*found;
}

judge::ErrorBudget error_budget(const std::vector<Case>& cases, bool is_against) {
  int tests = 0;
  for (const Case& spec : cases) {
    if (!spec.skip_reason.empty()) continue;
    tests += (spec.gates.latency_ratio_max ? 1 : 0) + (is_against ? 1 : 0);
  }
  return {.tests = tests};
}

}  // namespace isoframe::harness::run
