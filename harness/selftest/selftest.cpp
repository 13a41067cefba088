#include "harness/selftest/selftest.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fnmatch.h>
#include <map>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "harness/judge/locked.h"
#include "harness/locate/comparison.h"
#include "harness/locate/divergence.h"
#include "harness/selftest/planted_run.h"
#include "harness/selftest/resources.h"

namespace isoframe::harness::selftest {

namespace records = reports::records;
using records::DivergencePlace;
using records::ExpectedPlace;
using records::FaultRecord;

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

/// True if what was found is what was planted.
bool is_located(const ExpectedPlace& expected, const DivergencePlace& found) {
  const auto agrees = [](const auto& wanted, const auto& value) { return !wanted || wanted == value; };
  return found.stage == expected.stage && found.point == expected.point &&
         agrees(expected.step, found.step) && agrees(expected.block, found.block) &&
         agrees(expected.tile, found.tile) && (expected.branch.empty() || expected.branch == found.branch) &&
         (expected.ranks.empty() || expected.ranks == found.ranks);
}

bool is_located(const ExpectedPlace& expected, const records::ResourcePlace& found) {
  DivergencePlace place;
  place.stage = found.stage;
  place.step = found.step;
  place.point = found.point;
  place.ranks = found.ranks;
  return is_located(expected, place);
}

/// The gate that the run breaks, or an empty string.
std::string broken_gate(const PlantedRun& run, const SoundReference& reference) {
  if (!run.error.empty()) return "finished";
  if (reference.locked) {
    const records::LockedRecord record = locked_record(run.locked, *reference.locked);
    if (!judge::first_too_far(record, {}).empty()) return "locked";
    const double distance = ((run.frames - reference.frames).norm() / reference.frames.norm()).item<double>();
    return distance <= judge::video_limit(record, {}) ? "" : "relative_l2_max";
  }
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
    const auto known = references_.find(setting);
    if (known != references_.end()) return known->second;
    std::optional<LockedReference> locked = run_locked_reference(setting, materials_);
    const PlantedRun sound =
        run_planted(setting, {}, materials_, locked ? locked->given : model::pipeline::GivenInputs());
    if (!sound.error.empty()) throw RunError(fmt::format("{}: {}", setting.layout, sound.error));
    SoundReference reference = run_reference(setting, sound.ranks, std::move(locked), materials_);
    const auto found = locate::first_divergence(reference.recording, sound.ranks, reference.tolerated());
    const std::string gate = broken_gate(sound, reference);
    std::string reason = found ? locate::sentence(locate::record_of(*found)) : "";
    if (!gate.empty()) reason += fmt::format("{}gate {} is broken", reason.empty() ? "" : "; ", gate);
    if (reference.locked)
      reason += judge::reason_for_distrust(locked_record(sound.locked, *reference.locked), {});
    add_sound(setting, reason);
    return references_.emplace(setting, std::move(reference)).first->second;
  }
  /// Notes a setting's run without its fault; `reason` says why it did not pass.
  void add_sound(const Setting& setting, const std::string& reason) {
    sound_.push_back({setting.task, setting.layout, setting.dtype, reason.empty(), reason});
  }
  const std::vector<records::SoundRecord>& sound() const { return sound_; }

 private:
  const Materials& materials_;
  std::map<Setting, SoundReference> references_;
  std::vector<records::SoundRecord> sound_;
};

/// The record of a fault that nothing was found of yet.
FaultRecord record_of(const Fault& fault) {
  FaultRecord record;
  record.name = fault.name;
  record.what = fault.what;
  record.layout = fault.setting.layout;
  record.task = fault.setting.task;
  record.dtype = fault.setting.dtype;
  record.expected = fault.expected;
  return record;
}

template <typename Place>
void set_found(FaultRecord& record, const Place& found, const std::string& sentence) {
  record.found = found;
  record.located = is_located(record.expected, found);
  record.sentence = sentence;
}

FaultRecord run_frames_fault(const Fault& fault, Settings& settings, const Materials& materials) {
  const SoundReference& reference = settings.reference(fault.setting);
  const PlantedRun run =
      run_planted(fault.setting, fault.plant, materials,
                  reference.locked ? reference.locked->given : model::pipeline::GivenInputs());
  FaultRecord record = record_of(fault);
  record.gate = broken_gate(run, reference);
  record.caught = !record.gate.empty();
  record.error = run.error;
  if (!run.error.empty()) return record;
  const auto divergence = locate::first_divergence(reference.recording, run.ranks, reference.tolerated());
  if (!divergence) return record;
  const DivergencePlace found = locate::record_of(*divergence);
  set_found(record, found, locate::sentence(found));
  return record;
}

FaultRecord run_resource_fault(const Fault& fault, Settings& settings, const Materials& materials) {
  const ResourceTrial trial = try_resource_fault(fault, materials);
  settings.add_sound(fault.setting, trial.is_sound ? "" : "sound runs break the gate too");
  FaultRecord record = record_of(fault);
  record.caught = trial.is_caught;
  if (trial.is_caught) record.gate = fault.harm == Harm::kMemory ? "memory" : "latency";
  if (trial.found) set_found(record, *trial.found, trial.sentence);
  record.visible_slowdown = trial.visible_slowdown;
  record.untrusted = trial.untrusted_reason();
  return record;
}

FaultRecord run_fault(const Fault& fault, Settings& settings, const Materials& materials) {
  const auto start = std::chrono::steady_clock::now();
  FaultRecord record = fault.harm == Harm::kFrames ? run_frames_fault(fault, settings, materials)
                                                   : run_resource_fault(fault, settings, materials);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return record;
}

}  // namespace

records::SelftestRecord run_selftest(const std::vector<Fault>& faults, const Options& options) {
  const std::vector<Fault> chosen = matching(faults, options.filter);
  const base::TemporaryFolder folder;
  const Materials materials(folder.path());
  Settings settings(materials);
  records::SelftestRecord result;
  for (std::size_t number = 0; number < chosen.size(); ++number) {
    const Fault& fault = chosen[number];
    if (options.on_progress) options.on_progress(number, chosen.size(), fault.name);
    const FaultRecord& record = result.faults.emplace_back(run_fault(fault, settings, materials));
    result.caught += record.caught ? 1 : 0;
    result.located += record.located ? 1 : 0;
    result.untrusted += record.untrusted.empty() ? 0 : 1;
  }
  result.sound = settings.sound();
  result.passed = result.caught == chosen.size() && result.located == chosen.size() &&
                  std::ranges::all_of(result.sound, &records::SoundRecord::passed);
  return result;
}

int exit_code_of(const records::SelftestRecord& result) {
  if (result.passed) return 0;
  const bool is_any_missed = std::ranges::any_of(result.faults, [](const FaultRecord& fault) {
    return fault.untrusted.empty() && !(fault.caught && fault.located);
  });
  return is_any_missed || !std::ranges::all_of(result.sound, &records::SoundRecord::passed) ? 1 : 3;
}

std::string table(const records::SelftestRecord& result) {
  const char* const row = "{:<28}{:<30}{:<8}{:<9}{}\n";
  std::string text =
      fmt::format(fmt::runtime(row), "fault", "layout", "caught", "located", "first difference");
  for (const FaultRecord& fault : result.faults) {
    const bool is_untrusted = !fault.untrusted.empty();
    const auto yes = [&](bool value) { return value ? "yes" : is_untrusted ? "?" : "NO"; };
    text += fmt::format(fmt::runtime(row), fault.name, fault.layout, yes(fault.caught), yes(fault.located),
                        fault.sentence);
    if (is_untrusted) {
      text += fmt::format("{:<28}untrusted: {}\n", "", fault.untrusted);
    } else if (fault.visible_slowdown) {
      text += fmt::format("{:<28}slow-downs of {:.0f} % and more are seen on this machine now\n", "",
                          std::ceil(100.0 * *fault.visible_slowdown));
    }
    if (!fault.located && !is_untrusted)
      text += fmt::format("{:<28}expected {}\n", "", records::to_json(fault.expected).dump());
    if (!fault.error.empty()) text += fmt::format("{:<28}{}\n", "", fault.error);
  }
  for (const records::SoundRecord& sound : result.sound)
    text += fmt::format("no fault, {} {} {}: {}\n", sound.task, sound.layout, sound.dtype,
                        sound.passed ? "no difference" : sound.reason);
  text += fmt::format(
      "{} of {} faults caught, {} located{}\n", result.caught, result.faults.size(), result.located,
      result.untrusted > 0 ? fmt::format(", {} untrusted: try again on a quieter machine", result.untrusted)
                           : "");
  return text;
}

}  // namespace isoframe::harness::selftest
