#include "harness/selftest/selftest.h"

#include <chrono>
#include <fnmatch.h>
#include <map>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "harness/locate/divergence.h"
#include "harness/selftest/planted_run.h"
#include "harness/selftest/resources.h"

namespace isoframe::harness::selftest {

using nlohmann::json;

namespace {

std::vector<Fault> matching(const std::vector<Fault>& faults, const std::string& filter) {
  std::vector<Fault> chosen;
  for (const Fault& fault : faults)
    if (filter.empty() || fnmatch(filter.c_str(), fault.name.c_str(), 0) == 0) chosen.push_back(fault);
  if (chosen.empty())
    throw InputError(fmt::format("--filter '{}' matches none of {} faults, such as '{}'", filter,
                                 faults.size(), faults.front().name));
  return chosen;
}

json expected_json(const Expected& expected) {
  json result = {{"stage", expected.stage}, {"point", expected.point}};
  const auto add = [&](const char* key, std::int64_t value) {
    if (value >= 0) result[key] = value;
  };
  add("step", expected.step);
  add("block", expected.block);
  add("tile", expected.tile);
  if (!expected.branch.empty()) result["branch"] = expected.branch;
  if (!expected.ranks.empty()) result["ranks"] = expected.ranks;
  return result;
}

/// The gate that the frames break, or an empty string.
std::string broken_gate(const PlantedRun& run, const SoundReference& reference) {
  if (!run.error.empty()) return "finished";
  if (reference.tolerance == 0.0)
    return at::equal(run.frames.view(at::kInt), reference.frames.view(at::kInt)) ? "" : "identical";
  const double distance = ((run.frames - reference.frames).norm() / reference.frames.norm()).item<double>();
  return distance <= reference.tolerance ? "" : "relative_l2_max";
}

/// A setting's sound run and its reference, made once.
class Settings {
 public:
  explicit Settings(const Materials& materials) : materials_(materials) {}

  const SoundReference& reference(const Setting& setting) {
    const auto key = std::pair(setting.task, setting.layout);
    const auto known = references_.find(key);
    if (known != references_.end()) return known->second;
    const PlantedRun sound = run_planted(setting, {}, materials_);
    if (!sound.error.empty()) throw RunError(fmt::format("{}: {}", setting.layout, sound.error));
    SoundReference reference = run_reference(setting, sound.ranks, materials_);
    const auto found = locate::first_divergence(reference.trace, sound.ranks, reference.tolerance);
    const std::string gate = broken_gate(sound, reference);
    std::string reason = found ? locate::sentence(locate::to_json(*found)) : "";
    if (!gate.empty()) reason += fmt::format("{}gate {} is broken", reason.empty() ? "" : "; ", gate);
    add_sound(setting, reason);
    return references_.emplace(key, std::move(reference)).first->second;
  }
  /// A setting without its fault; `reason` says why it did not pass.
  void add_sound(const Setting& setting, const std::string& reason) {
    sound_.push_back(
        {{"task", setting.task}, {"layout", setting.layout}, {"passed", reason.empty()}, {"reason", reason}});
  }
  const json& sound() const { return sound_; }

 private:
  const Materials& materials_;
  std::map<std::pair<std::string, std::string>, SoundReference> references_;
  json sound_ = json::array();
};

/// What a result says of every fault, whatever it harms.
json described(const Fault& fault, const json& gate, const json& found, const std::string& sentence) {
  return {{"name", fault.name},
          {"what", fault.what},
          {"layout", fault.setting.layout},
          {"task", fault.setting.task},
          {"caught", !gate.is_null()},
          {"located", is_located(fault.expected, found)},
          {"gate", gate},
          {"error", nullptr},
          {"expected", expected_json(fault.expected)},
          {"found", found},
          {"sentence", sentence}};
}

json run_frames_fault(const Fault& fault, Settings& settings, const Materials& materials) {
  const SoundReference& reference = settings.reference(fault.setting);
  const PlantedRun run = run_planted(fault.setting, fault.plant, materials);
  const auto divergence = run.error.empty()
                              ? locate::first_divergence(reference.trace, run.ranks, reference.tolerance)
                              : std::nullopt;
  const json found = divergence ? locate::to_json(*divergence) : json();
  const std::string gate = broken_gate(run, reference);
  json result =
      described(fault, gate.empty() ? json() : json(gate), found, divergence ? locate::sentence(found) : "");
  if (!run.error.empty()) result["error"] = run.error;
  return result;
}

json run_resource_fault(const Fault& fault, Settings& settings, const Materials& materials) {
  const ResourceTrial trial = try_resource_fault(fault, materials);
  settings.add_sound(fault.setting, trial.is_sound ? "" : "sound runs break the gate too");
  json found;
  if (trial.found)
    found = {{"stage", trial.found->stage},
             {"step", trial.found->step ? json(*trial.found->step) : json()},
             {"point", ""},
             {"ranks", {trial.found->rank}}};
  const char* const gate = fault.harm == Harm::kMemory ? "memory" : "latency";
  return described(fault, trial.is_caught ? json(gate) : json(), found, trial.sentence);
}

json run_fault(const Fault& fault, Settings& settings, const Materials& materials) {
  const auto start = std::chrono::steady_clock::now();
  json result = fault.harm == Harm::kFrames ? run_frames_fault(fault, settings, materials)
                                            : run_resource_fault(fault, settings, materials);
  result["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace

bool is_located(const Expected& expected, const json& found) {
  if (found.is_null()) return false;
  const json wanted = expected_json(expected);
  for (const auto& [key, value] : wanted.items())
    if (found.at(key) != value) return false;
  return true;
}

json run_selftest(const std::vector<Fault>& faults, const Options& options) {
  const std::vector<Fault> chosen = matching(faults, options.filter);
  const base::TemporaryFolder folder;
  const Materials materials(folder.path());
  Settings settings(materials);
  json result = {{"faults", json::array()}};
  std::size_t caught = 0, located = 0;
  for (std::size_t number = 0; number < chosen.size(); ++number) {
    const Fault& fault = chosen[number];
    if (options.on_progress) options.on_progress(number, chosen.size(), fault.name);
    result["faults"].push_back(run_fault(fault, settings, materials));
    caught += result["faults"].back().at("caught").get<bool>() ? 1 : 0;
    located += result["faults"].back().at("located").get<bool>() ? 1 : 0;
  }
  result["sound"] = settings.sound();
  result["caught"] = caught;
  result["located"] = located;
  bool passed = caught == chosen.size() && located == chosen.size();
  for (const json& sound : settings.sound()) passed = passed && sound.at("passed").get<bool>();
  result["passed"] = passed;
  return result;
}

std::string table(const json& result) {
  const auto yes = [](const json& value) { return value.get<bool>() ? "yes" : "NO"; };
  const char* const row = "{:<28}{:<30}{:<8}{:<9}{}\n";
  std::string text =
      fmt::format(fmt::runtime(row), "fault", "layout", "caught", "located", "first difference");
  for (const json& fault : result.at("faults")) {
    text += fmt::format(fmt::runtime(row), fault.at("name").get<std::string>(),
                        fault.at("layout").get<std::string>(), yes(fault.at("caught")),
                        yes(fault.at("located")), fault.at("sentence").get<std::string>());
    if (!fault.at("located").get<bool>())
      text += fmt::format("{:<28}expected {}\n", "", fault.at("expected").dump());
    if (!fault.at("error").is_null())
      text += fmt::format("{:<28}{}\n", "", fault.at("error").get<std::string>());
  }
  for (const json& sound : result.at("sound")) {
    const bool passed = sound.at("passed").get<bool>();
    text += fmt::format("no fault, {} {}: {}\n", sound.at("task").get<std::string>(),
                        sound.at("layout").get<std::string>(),
                        passed ? "no difference" : sound.at("reason").get<std::string>());
  }
  text += fmt::format("{} of {} faults caught, {} located\n", result.at("caught").get<int>(),
                      result.at("faults").size(), result.at("located").get<int>());
  return text;
}

}  // namespace isoframe::harness::selftest
