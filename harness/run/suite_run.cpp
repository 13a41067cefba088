#include "harness/run/suite_run.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "harness/judge/against.h"
#include "harness/judge/quality.h"
#include "harness/judge/verdict.h"
#include "harness/launch/progress.h"
#include "harness/measure/environment.h"
#include "harness/run/prediction.h"
#include "harness/run/preflight.h"
#include "harness/run/report_files.h"
#include "harness/run/result.h"
#include "harness/run/run_directory.h"
#include "harness/store/history.h"
#include "harness/store/json_file.h"
#include "metrics/statistics.h"
#include "model/error.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
using nlohmann::json;
using scenario::Case;

namespace {

std::string utc_now() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

/// A baseline runs at least twice: what differs between its two runs is the floor under every gate.
int rounds_of(const Case& value) { return value.baseline.empty() ? std::max(2, value.repeat) : value.repeat; }

json suite_record(const scenario::Suite& suite, const RunOptions& options) {
  json record = {{"schema_version", 1},        {"started", utc_now()},
                 {"finished", nullptr},        {"interrupted", false},
                 {"command", options.command}, {"environment", measure::environment()},
                 {"scenarios", json::array()}, {"cases", json::array()}};
  for (const fs::path& file : suite.files) record["scenarios"].push_back(file.string());
  for (const Case& value : suite.cases) record["cases"].push_back(scenario::to_json(value));
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
std::string command_of(const json& suite, const Case& value) {
  std::string files;
  for (const json& file : suite.at("scenarios")) files += fmt::format(" {}", file.get<std::string>());
  return fmt::format("build/isoframe run{} --filter {}", files, value.name);
}

std::vector<Case> cases_of(const json& suite) {
  std::vector<Case> cases;
  for (const json& value : suite.at("cases")) cases.push_back(scenario::case_from_json(value));
  return cases;
}

/// Rounds outside, cases inside, every other round backwards: a drift of the machine meets all cases alike.
class RoundLoop {
 public:
  RoundLoop(const std::vector<Case>& cases, const RunDirectory& directory, const RunOptions& options)
      : cases_(cases), directory_(directory), options_(options), progress_(count_rounds()) {}

  bool interrupted() const { return options_.interrupted != nullptr && *options_.interrupted; }

  void run() {
    int last = 0;
    for (const Case& value : cases_) last = std::max(last, rounds_of(value));
    std::vector<const Case*> order;
    for (const Case& value : cases_) order.push_back(&value);
    for (int index = 0; index < last; ++index)
      run_round_of(order, index, [&](const Case& value) { return index < rounds_of(value); });
  }

  /// As many rounds again of these cases, for what the first ones showed.
  void run_again(const std::vector<const Case*>& order) {
    int rounds = 0;
    for (const Case* value : order) rounds = std::max(rounds, value->repeat);
    for (int k = 0; k < rounds; ++k) run_round_of(order, rounds + k, [](const Case&) { return true; });
  }

 private:
  int count_rounds() const {
    int count = 0;
    for (const Case& value : cases_) count += value.skip_reason.empty() ? rounds_of(value) : 0;
    return count;
  }

  template <typename IsWanted>
  void run_round_of(std::vector<const Case*> order, int index, const IsWanted& is_wanted) {
    if (index % 2 == 1) std::reverse(order.begin(), order.end());
    for (const Case* value : order)
      if (!interrupted() && is_wanted(*value)) run_one(*value, index);
  }

  void run_one(const Case& value, int index) {
    if (!value.skip_reason.empty() || !directory_.error(value).is_null()) return;
    progress_.begin(value.name);
    if (!directory_.has_round(value, index)) {
      directory_.forget(value, index);
      const RoundContext context{this_program(), [this](const launch::Progress& p) { progress_.update(p); },
                                 options_.interrupted};
      const RoundResult result = run_round(value, directory_.round(value, index), context);
      if (result.status == RoundResult::Status::kOk) directory_.keep_round(value, index, result);
      if (result.status == RoundResult::Status::kInterrupted) directory_.forget(value, index);
      if (!result.error.is_null()) directory_.keep_error(value, index, result.error);
    }
    progress_.end();
  }

  const std::vector<Case>& cases_;
  const RunDirectory& directory_;
  const RunOptions& options_;
  launch::ProgressLine progress_;
};

/// A failed round of an earlier run is tried again.
void forget_errors(const std::vector<Case>& cases, const RunDirectory& directory) {
  for (const Case& value : cases) {
    for (int index = 0; index < rounds_of(value); ++index)
      if (fs::exists(directory.round(value, index) / "error.json")) directory.forget(value, index);
  }
}

/// Of the last round.  Made once and kept, so that a report can be written where the checkpoint is not.
json prediction_of(const Case& value, const std::vector<json>& rounds, const RunDirectory& directory) {
  const fs::path file =
      directory.of(value) / ".rounds" / fmt::format("prediction-{}.json", rounds.size() - 1);
  if (fs::exists(file)) return store::read_json(file);
  try {
    const json prediction = predict(value, rounds.back()[0].value("tile_costs", json()));
    store::write_json(file, prediction);
    return prediction;
  } catch (const InputError&) {
    return nullptr;
  }
}

json measured_result(const Case& value, const json& suite, const RunDirectory& directory) {
  const std::vector<json> rounds = directory.rounds(value);
  json result = assemble_result(value, rounds, directory.error(value), suite.at("environment"),
                                command_of(suite, value));
  if (!rounds.empty()) set_beside(result, value, prediction_of(value, rounds, directory));
  bool repeats = true;
  for (int index = 1; !directory.repetition(value, index).is_null(); ++index)
    repeats = repeats && directory.repetition(value, index).at("identical").get<bool>();
  result["repeats_identically"] = repeats;
  if (value.baseline.empty()) {
    const json own = directory.repetition(value, 1);
    if (!own.is_null()) result["quality_self"] = own;
  }
  return result;
}

judge::Judgement judgement_of(const Case& value, const json& suite, const json& result, const json& baseline,
                              int comparisons) {
  if (!value.skip_reason.empty()) return {judge::Verdict::kSkipped, value.skip_reason};
  if (result.at("status") == "ok" && result.at("ranks").empty()) {
    return {judge::Verdict::kSkipped,
            suite.at("interrupted").get<bool>() ? "not reached before the interruption" : "not run"};
  }
  return judge::judge(value, result, baseline, comparisons);
}

/// One value where all cases agree, else a list of them.
template <typename Value>
json common(const std::vector<Case>& cases, Value Case::*member) {
  std::set<Value> values;
  for (const Case& value : cases) values.insert(value.*member);
  if (values.size() == 1) return *values.begin();
  return values;
}

int latency_gates(const std::vector<Case>& cases) {
  int count = 0;
  for (const Case& value : cases) count += value.skip_reason.empty() && value.gates.latency_ratio_max ? 1 : 0;
  return count;
}

/// Cases that seem too slow, each behind its baseline: one finding is measured again before it is believed.
std::vector<const Case*> to_confirm(const std::vector<Case>& cases, const json& suite,
                                    const RunDirectory& directory) {
  std::vector<const Case*> found;
  const auto add = [&found](const Case& value) {
    if (std::find(found.begin(), found.end(), &value) == found.end()) found.push_back(&value);
  };
  for (const Case& value : cases) {
    if (!value.skip_reason.empty() || !value.gates.latency_ratio_max) continue;
    const auto baseline = std::find_if(cases.begin(), cases.end(),
                                       [&](const Case& other) { return other.name == value.baseline; });
    if (baseline == cases.end()) continue;
    const json result = measured_result(value, suite, directory);
    const json reference = measured_result(*baseline, suite, directory);
    // Rounds are shared from one index on: both sides must have as many.
    if (value.repeat != rounds_of(*baseline) || result.at("status") != "ok" || reference.at("status") != "ok")
      continue;
    if (!judge::breaks_latency_gate(value, result, reference, latency_gates(cases))) continue;
    add(*baseline);
    add(value);
  }
  return found;
}

/// An earlier run, read once.
class EarlierRun {
 public:
  EarlierRun(fs::path directory, const json& environment)
      : directory_(std::move(directory)),
        run_(store::read_json(directory_ / "run.json")),
        differences_(judge::unlike(environment, run_.at("environment"))) {}

  const std::vector<std::string>& differences() const { return differences_; }

  /// The same case of that run; null where it had none that ended well.
  json result(const std::string& name) const {
    const fs::path file = directory_ / name / "result.json";
    if (name.empty() || !fs::exists(file)) return nullptr;
    const json result = store::read_json(file);
    return result.at("status") == "ok" && !result.at("ranks").empty() ? result : json();
  }

  /// Its frames against the case's own; null where one of them has none.
  json quality(const Case& value, const RunDirectory& directory) const {
    const fs::path frames = directory_ / value.name / "frames.safetensors";
    if (!directory.has_frames(value) || !fs::exists(frames)) return nullptr;
    return judge::compare_frames(frames, directory.of(value) / "frames.safetensors", directory_.string());
  }

 private:
  fs::path directory_;
  json run_;
  std::vector<std::string> differences_;
};

/// This run's case beside the same case of an earlier run; `judgement` becomes the comparison's where the
/// case itself passed.
json compare_with_earlier(const Case& value, const json& result, const json& baseline,
                          const EarlierRun& earlier, const RunDirectory& directory, int comparisons,
                          judge::Judgement& judgement) {
  const json then = earlier.result(value.name);
  if (then.is_null() || result.at("status") != "ok" || result.at("ranks").empty()) return nullptr;
  const json quality = earlier.quality(value, directory);
  const judge::Judgement found =
      judge::judge_against({result, baseline}, {then, earlier.result(value.baseline)}, quality,
                           earlier.differences(), comparisons);
  if (judgement.verdict == judge::Verdict::kPassed) judgement = found;
  const auto median_of = [](const json& side) {
    return metrics::median(side.at("latency").at("total_seconds").get<std::vector<double>>());
  };
  return {{"seconds_ratio", median_of(result) / median_of(then)},
          {"identical", quality.is_null() ? json() : quality.at("identical")},
          {"ssim", quality.is_null() ? json() : quality.at("ssim").at("mean")},
          {"psnr", quality.is_null() ? json() : quality.at("psnr").at("mean")},
          {"verdict", judge::to_string(found.verdict)},
          {"reason", found.reason},
          {"unlike", earlier.differences()}};
}

/// Looks for a case's first difference and keeps what it finds, so that a report can be written again.
class Locator {
 public:
  Locator(const RunDirectory& directory, const RunOptions& options)
      : directory_(directory), options_(options) {}

  /// The case's first_divergence, null where there is nothing to look for.
  json operator()(const Case& value, const Case* baseline, const json& result,
                  const judge::Judgement& judgement, const json& baseline_result) const {
    const json& quality = result.value("quality", json());
    if (baseline == nullptr || quality.is_null() || quality.at("identical").get<bool>()) return nullptr;
    const fs::path file = directory_.of(value) / ".rounds" / "first_divergence.json";
    if (fs::exists(file)) return store::read_json(file);
    const bool is_wanted =
        options_.locate == Locate::kDifferent ||
        (options_.locate == Locate::kFailed && judgement.verdict == judge::Verdict::kFailed);
    if (!is_wanted || (options_.interrupted != nullptr && *options_.interrupted)) return nullptr;
    const RoundContext context{this_program(), {}, options_.interrupted};
    const json found = locate(value, *baseline, tolerance(value, result, baseline_result),
                              directory_.of(value) / ".rounds" / "locate", context);
    if (!found.at("reproduced").is_null()) store::write_json(file, found);
    return found;
  }

 private:
  /// Where bits were never promised, only what the orders of addition do not account for is a difference.
  static double tolerance(const Case& value, const json& result, const json& baseline) {
    return value.gates.bounded ? judge::relative_l2_bound(result, baseline) : 0.0;
  }

  const RunDirectory& directory_;
  const RunOptions& options_;
};

const Case* named(const std::vector<Case>& cases, const std::string& name) {
  const auto found = std::ranges::find(cases, name, &Case::name);
  return found == cases.end() ? nullptr : &*found;
}

json judge_and_report(const json& suite, const RunDirectory& directory, const RunOptions& options) {
  const fs::path& against = options.against;
  const Locator locator(directory, options);
  const std::vector<Case> cases = cases_of(suite);
  std::map<std::string, json> results;
  for (const Case& value : cases) results[value.name] = measured_result(value, suite, directory);

  json run = suite;
  run["cases"] = json::array();
  run["environment"]["threads_per_rank"] = common(cases, &Case::threads_per_rank);
  run["environment"]["device"] = common(cases, &Case::device);
  if (!against.empty()) run["against"] = against.string();
  std::optional<EarlierRun> earlier;
  if (!against.empty()) {
    earlier.emplace(against, run.at("environment"));
    run["unlike"] = earlier->differences();
  }
  std::map<std::string, int> counts = {
      {"passed", 0}, {"failed", 0}, {"untrusted", 0}, {"skipped", 0}, {"error", 0}};
  for (const Case& value : cases) {
    json& result = results.at(value.name);
    const json baseline = value.baseline.empty() ? json() : results.at(value.baseline);
    if (!value.baseline.empty() && result.at("status") == "ok" && directory.has_frames(value)) {
      const fs::path reference = directory.path() / value.baseline / "frames.safetensors";
      if (fs::exists(reference))
        result["quality"] =
            judge::compare_frames(reference, directory.of(value) / "frames.safetensors", value.baseline);
    }
    judge::Judgement judgement = judgement_of(value, suite, result, baseline, latency_gates(cases));
    json beside;
    if (earlier) {
      beside = compare_with_earlier(value, result, baseline, *earlier, directory,
                                    static_cast<int>(cases.size()), judgement);
    }
    result["verdict"] = judge::to_string(judgement.verdict);
    result["reason"] = judgement.reason;
    ++counts[judge::to_string(judgement.verdict)];
    const json divergence = locator(value, named(cases, value.baseline), result, judgement, baseline);
    if (!divergence.is_null()) result["first_divergence"] = divergence;
    fs::create_directories(directory.of(value));
    store::write_json(directory.of(value) / "result.json", result);
    json row = summary_row(value, result, baseline);
    if (earlier) row["against"] = beside;
    run["cases"].push_back(row);
  }
  run["counts"] = counts;
  store::write_json(directory.path() / "run.json", run);
  write_reports(run, cases, results, directory);
  return run;
}

}  // namespace

json run_suite(scenario::Suite suite, const RunOptions& options) {
  for (Case& value : suite.cases)
    if (value.skip_reason.empty()) settle_case(value);
  if (!options.against.empty() && !fs::exists(options.against / "run.json"))
    throw InputError(fmt::format("--against {}: no run.json there", options.against.string()));
  prepare_directory(options);

  const RunDirectory directory(options.out);
  json record = suite_record(suite, options);
  store::write_json(directory.path() / "suite.json", record);
  if (options.resume) forget_errors(suite.cases, directory);

  RoundLoop loop(suite.cases, directory, options);
  loop.run();
  loop.run_again(to_confirm(suite.cases, record, directory));
  record["finished"] = utc_now();
  record["interrupted"] = loop.interrupted();
  store::write_json(directory.path() / "suite.json", record);
  const json run = judge_and_report(record, directory, options);
  if (!options.history.empty()) store::History(options.history).record(directory.path(), run);
  return run;
}

json report_run(const fs::path& directory, const fs::path& against) {
  if (!fs::exists(directory / "suite.json"))
    throw InputError(fmt::format("{} is not a run directory: it has no suite.json", directory.string()));
  RunOptions options;
  options.against = against;
  options.locate = Locate::kNever;
  return judge_and_report(store::read_json(directory / "suite.json"), RunDirectory(directory), options);
}

int exit_code_of(const json& run) {
  const json& counts = run.at("counts");
  if (run.at("interrupted").get<bool>() || counts.at("error") > 0) return 3;
  return counts.at("failed") > 0 || counts.at("untrusted") > 0 ? 1 : 0;
}

}  // namespace isoframe::harness::run
