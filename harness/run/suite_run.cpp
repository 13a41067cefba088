#include "harness/run/suite_run.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/time.h"
#include "harness/judge/against.h"
#include "harness/judge/latency.h"
#include "harness/judge/quality.h"
#include "harness/judge/verdict.h"
#include "harness/launch/progress.h"
#include "harness/measure/environment.h"
#include "harness/run/earlier_run.h"
#include "harness/run/history.h"
#include "harness/run/prediction.h"
#include "harness/run/preflight.h"
#include "harness/run/report_files.h"
#include "harness/run/result.h"
#include "harness/run/round_loop.h"
#include "harness/run/run_directory.h"
#include "harness/scenario/case_json.h"
#include "metrics/statistics.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
using nlohmann::json;
using scenario::Case;

namespace {

json suite_record(const scenario::Suite& suite, const RunOptions& options) {
  json record = {
      {"schema_version", 1},        {"started", base::utc_now()},
      {"finished", nullptr},        {"interrupted", false},
      {"command", options.command}, {"environment", reports::records::to_json(measure::environment())},
      {"scenarios", json::array()}, {"cases", json::array()}};
  for (const fs::path& file : suite.files) record["scenarios"].push_back(file.string());
  for (const Case& spec : suite.cases) record["cases"].push_back(scenario::to_json(spec));
  return record;
}

void prepare_directory(const RunOptions& options) {
  if (fs::exists(options.out) && !fs::is_directory(options.out))
    throw InputError(fmt::format("{} is not a directory; choose another --out", options.out.string()));
  if (fs::exists(options.out) && !fs::is_empty(options.out)) {
    if (!options.resume)
      throw InputError(fmt::format("{} is not empty; add --resume to go on with it, or choose another --out",
                                   options.out.string()));
    if (!fs::exists(options.out / "suite.json"))
      throw InputError(fmt::format("{} holds no run to resume: it has no suite.json", options.out.string()));
  }
  fs::create_directories(options.out);
}

/// The case run alone, with the baseline that it needs.
std::string command_of(const json& suite, const Case& spec) {
  std::string files;
  for (const json& file : suite.at("scenarios")) files += fmt::format(" {}", file.get<std::string>());
  return fmt::format("build/isoframe run{} --filter {}", files, spec.name);
}

std::vector<Case> cases_of(const json& suite) {
  std::vector<Case> cases;
  for (const json& value : suite.at("cases")) cases.push_back(scenario::case_from_json(value));
  return cases;
}

/// A failed round of an earlier run is tried again.
void forget_errors(const std::vector<Case>& cases, const RunDirectory& directory) {
  for (const Case& spec : cases) {
    for (int index = 0; index < rounds_of(spec); ++index)
      if (fs::exists(directory.round(spec, index) / "error.json")) directory.forget(spec, index);
  }
}

/// Of the last round.  Made once and kept, so that a report can be written where the checkpoint is not.
json prediction_of(const Case& spec, const std::vector<json>& rounds, const RunDirectory& directory) {
  const fs::path file = directory.of(spec) / ".rounds" / fmt::format("prediction-{}.json", rounds.size() - 1);
  if (fs::exists(file)) return base::read_json(file);
  try {
    const json prediction = predict(spec, rounds.back()[0].value("tile_costs", json()));
    base::write_json(file, prediction);
    return prediction;
  } catch (const InputError&) {
    return nullptr;
  }
}

json measured_result(const Case& spec, const json& suite, const RunDirectory& directory) {
  const std::vector<json> rounds = directory.rounds(spec);
  json result =
      assemble_result(spec, rounds, directory.error(spec), suite.at("environment"), command_of(suite, spec));
  if (!rounds.empty()) set_beside(result, spec, prediction_of(spec, rounds, directory));
  bool repeats = true;
  for (int index = 1; !directory.repetition(spec, index).is_null(); ++index)
    repeats = repeats && directory.repetition(spec, index).at("identical").get<bool>();
  result["repeats_identically"] = repeats;
  if (spec.baseline.empty()) {
    const json own = directory.repetition(spec, 1);
    if (!own.is_null()) result["quality_self"] = own;
  }
  return result;
}

judge::Judgement judgement_of(const Case& spec, const json& suite, const json& result, const json& baseline,
                              int comparisons) {
  if (!spec.skip_reason.empty()) return {judge::Verdict::kSkipped, spec.skip_reason};
  if (result.at("status") == "ok" && result.at("ranks").empty()) {
    return {judge::Verdict::kSkipped,
            suite.at("interrupted").get<bool>() ? "not reached before the interruption" : "not run"};
  }
  std::optional<reports::records::CaseResult> reference;
  if (!baseline.is_null()) reference = reports::records::case_result_from_json(baseline);
  return judge::judge(spec, reports::records::case_result_from_json(result),
                      reference ? &*reference : nullptr, comparisons);
}

/// One value where all cases agree, else a list of them.
template <typename Value>
json common(const std::vector<Case>& cases, Value Case::*member) {
  std::set<Value> values;
  for (const Case& spec : cases) values.insert(spec.*member);
  if (values.size() == 1) return *values.begin();
  return values;
}

int latency_gates(const std::vector<Case>& cases) {
  int count = 0;
  for (const Case& spec : cases) count += spec.skip_reason.empty() && spec.gates.latency_ratio_max ? 1 : 0;
  return count;
}

const Case* named(const std::vector<Case>& cases, const std::string& name) {
  const auto found = std::ranges::find(cases, name, &Case::name);
  return found == cases.end() ? nullptr : &*found;
}

/// Cases that seem too slow, as long as that is not certain, or are too noisy to tell, each behind its
/// baseline.
std::vector<const Case*> in_doubt(const std::vector<Case>& cases, const json& suite,
                                  const RunDirectory& directory, const std::optional<EarlierRun>& earlier) {
  std::vector<const Case*> found;
  const auto add = [&found](const Case* spec) {
    if (spec != nullptr && std::ranges::find(found, spec) == found.end()) found.push_back(spec);
  };
  for (const Case& spec : cases) {
    if (!spec.skip_reason.empty() || (!spec.gates.latency_ratio_max && !earlier)) continue;
    const Case* const baseline = named(cases, spec.baseline);
    // Rounds are shared from one index on: both sides must have as many.
    if (baseline != nullptr && spec.repeat != rounds_of(*baseline)) continue;
    const json result = measured_result(spec, suite, directory);
    const json reference = baseline == nullptr ? json() : measured_result(*baseline, suite, directory);
    if (!is_measured(result) || (baseline != nullptr && !is_measured(reference))) continue;
    const bool is_doubtful =
        baseline != nullptr && judge::is_latency_gate_undecided(
                                   spec, reports::records::case_result_from_json(result),
                                   reports::records::case_result_from_json(reference), latency_gates(cases));
    if (!is_doubtful &&
        !(earlier && earlier->leaves_doubt(spec, result, reference, static_cast<int>(cases.size()))))
      continue;
    add(baseline);
    add(&spec);
  }
  return found;
}

/// Looks for a case's first difference and keeps what it finds, so that a report can be written again.
class Locator {
 public:
  Locator(const RunDirectory& directory, const RunOptions& options)
      : directory_(directory), options_(options) {}

  /// The case's first_divergence, null where there is nothing to look for.
  json operator()(const Case& spec, const Case* baseline, const json& result,
                  const judge::Judgement& judgement, const json& baseline_result) const {
    const json& quality = result.value("quality", json());
    if (baseline == nullptr || quality.is_null() || quality.at("identical").get<bool>()) return nullptr;
    const fs::path file = directory_.of(spec) / ".rounds" / "first_divergence.json";
    if (fs::exists(file)) return base::read_json(file);
    const bool is_wanted =
        options_.locate == Locate::kDifferent ||
        (options_.locate == Locate::kFailed && judgement.verdict == judge::Verdict::kFailed);
    if (!is_wanted || (options_.interrupted != nullptr && *options_.interrupted)) return nullptr;
    const RoundContext context{this_program(), {}, options_.interrupted};
    const json found = locate(spec, *baseline, tolerance(spec, result, baseline_result),
                              directory_.of(spec) / ".rounds" / "locate", context);
    if (!found.at("reproduced").is_null()) base::write_json(file, found);
    return found;
  }

 private:
  /// Where bits were never promised, only what the orders of addition do not account for is a difference.
  static double tolerance(const Case& spec, const json& result, const json& baseline) {
    return spec.gates.bounded ? judge::relative_l2_bound(reports::records::case_result_from_json(result),
                                                         reports::records::case_result_from_json(baseline))
                              : 0.0;
  }

  const RunDirectory& directory_;
  const RunOptions& options_;
};

/// What decides whether times and bits of two runs are comparable.
json environment_of(const json& suite, const std::vector<Case>& cases) {
  json environment = suite.at("environment");
  environment["threads_per_rank"] = common(cases, &Case::threads_per_rank);
  environment["device"] = common(cases, &Case::device);
  return environment;
}

std::optional<EarlierRun> earlier_run(const RunOptions& options, const json& suite,
                                      const std::vector<Case>& cases) {
  if (options.against.empty()) return std::nullopt;
  return EarlierRun(options.against, environment_of(suite, cases));
}

json judge_and_report(const json& suite, const RunDirectory& directory, const RunOptions& options) {
  const Locator locator(directory, options);
  const std::vector<Case> cases = cases_of(suite);
  const std::optional<EarlierRun> earlier = earlier_run(options, suite, cases);
  std::map<std::string, json> results;
  for (const Case& spec : cases) results[spec.name] = measured_result(spec, suite, directory);

  json run = suite;
  run["cases"] = json::array();
  run["environment"] = environment_of(suite, cases);
  if (earlier) {
    run["against"] = options.against.string();
    run["unlike"] = earlier->differences();
  }
  std::map<std::string, int> counts = {
      {"passed", 0}, {"failed", 0}, {"untrusted", 0}, {"skipped", 0}, {"error", 0}};
  for (const Case& spec : cases) {
    json& result = results.at(spec.name);
    const json baseline = spec.baseline.empty() ? json() : results.at(spec.baseline);
    if (!spec.baseline.empty() && result.at("status") == "ok" && directory.has_frames(spec)) {
      const fs::path reference = directory.path() / spec.baseline / "frames.safetensors";
      if (fs::exists(reference))
        result["quality"] = to_json(
            judge::compare_frames(reference, directory.of(spec) / "frames.safetensors", spec.baseline));
    }
    judge::Judgement judgement = judgement_of(spec, suite, result, baseline, latency_gates(cases));
    json beside;
    if (earlier) {
      beside = earlier->beside(spec, result, baseline, directory, static_cast<int>(cases.size()), judgement);
    }
    result["verdict"] = name_of(judgement.verdict);
    result["reason"] = judgement.reason;
    ++counts[name_of(judgement.verdict)];
    const json divergence = locator(spec, named(cases, spec.baseline), result, judgement, baseline);
    if (!divergence.is_null()) result["first_divergence"] = divergence;
    fs::create_directories(directory.of(spec));
    base::write_json(directory.of(spec) / "result.json", result);
    json row = summary_row(spec, result, baseline);
    if (earlier) row["against"] = beside;
    run["cases"].push_back(row);
  }
  run["counts"] = counts;
  base::write_json(directory.path() / "run.json", run);
  write_reports(run, cases, results, directory);
  return run;
}

}  // namespace

json run_suite(scenario::Suite suite, const RunOptions& options) {
  for (Case& spec : suite.cases)
    if (spec.skip_reason.empty()) settle_case(spec);
  if (!options.against.empty() && !fs::exists(options.against / "run.json"))
    throw InputError(fmt::format("--against {}: no run.json there", options.against.string()));
  prepare_directory(options);

  const RunDirectory directory(options.out);
  json record = suite_record(suite, options);
  base::write_json(directory.path() / "suite.json", record);
  if (options.resume) forget_errors(suite.cases, directory);

  RoundLoop loop(suite.cases, directory, options);
  loop.run();
  const std::optional<EarlierRun> earlier = earlier_run(options, record, suite.cases);
  for (int measurement = 1; measurement < judge::kMostMeasurements && !loop.interrupted(); ++measurement) {
    const std::vector<const Case*> doubtful = in_doubt(suite.cases, record, directory, earlier);
    if (doubtful.empty()) break;
    loop.run_again(doubtful, measurement);
  }
  record["finished"] = base::utc_now();
  record["interrupted"] = loop.interrupted();
  base::write_json(directory.path() / "suite.json", record);
  const json run = judge_and_report(record, directory, options);
  if (!options.history.empty()) History(options.history).record(directory.path(), run);
  return run;
}

json report_run(const fs::path& directory, const fs::path& against) {
  if (!fs::exists(directory / "suite.json"))
    throw InputError(fmt::format("{} is not a run directory: it has no suite.json", directory.string()));
  RunOptions options;
  options.against = against;
  options.locate = Locate::kNever;
  return judge_and_report(base::read_json(directory / "suite.json"), RunDirectory(directory), options);
}

int exit_code_of(const json& run) {
  const json& counts = run.at("counts");
  if (run.at("interrupted").get<bool>() || counts.at("error") > 0) return 3;
  return counts.at("failed") > 0 || counts.at("untrusted") > 0 ? 1 : 0;
}

}  // namespace isoframe::harness::run
