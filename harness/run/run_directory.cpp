#include "harness/run/run_directory.h"

#include <fmt/format.h>

#include "base/json_file.h"
#include "harness/judge/quality.h"
#include "harness/run/outputs.h"
#include "harness/scenario/case_json.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// The part of a case that a measurement depends on: gates may change between a run and its resumption.
json what_is_measured(const scenario::Case& spec) {
  json result = scenario::to_json(spec);
  for (const char* key :
       {"where", "baseline", "expected_different", "gates", "repeat", "timeout_seconds", "meeting_seconds"})
    result.erase(key);
  return result;
}

}  // namespace

fs::path RunDirectory::round(const scenario::Case& spec, int index) const {
  return of(spec) / ".rounds" / std::to_string(index);
}

bool RunDirectory::has_round(const scenario::Case& spec, int index) const {
  const fs::path file = round(spec, index) / "done.json";
  return fs::exists(file) && has_frames(spec) && base::read_json(file).at("case") == what_is_measured(spec);
}

void RunDirectory::keep_round(const scenario::Case& spec, int index, const RoundResult& result) const {
  const fs::path from = round(spec, index);
  const fs::path to = of(spec);
  if (index == 0) {
    keep_outputs(from, to);
  } else {
    base::write_json(
        from / "repeat.json",
        to_json(judge::compare_frames(to / "frames.safetensors", from / "frames.safetensors", spec.name)));
    fs::remove(from / "frames.safetensors");
    fs::remove(from / "latents.safetensors");
  }
  base::write_json(from / "done.json", {{"case", what_is_measured(spec)}, {"ranks", result.ranks}});
}

void RunDirectory::keep_error(const scenario::Case& spec, int index, const json& error) const {
  base::write_json(round(spec, index) / "error.json", error);
}

void RunDirectory::forget(const scenario::Case& spec, int index) const {
  fs::remove_all(round(spec, index));
  if (index > 0) return;
  fs::remove_all(of(spec));
}

std::vector<json> RunDirectory::rounds(const scenario::Case& spec) const {
  std::vector<json> result;
  for (int index = 0; fs::exists(round(spec, index) / "done.json"); ++index)
    result.push_back(base::read_json(round(spec, index) / "done.json").at("ranks"));
  return result;
}

std::vector<json> RunDirectory::events(const scenario::Case& spec, int index) const {
  std::vector<json> result;
  for (int rank = 0; rank < spec.layout.world_size(); ++rank) {
    const fs::path file = round(spec, index) / fmt::format("events-{}.json", rank);
    if (!fs::exists(file)) return {};
    result.push_back(base::read_json(file));
  }
  return result;
}

json RunDirectory::error(const scenario::Case& spec) const {
  for (int index = 0; fs::exists(round(spec, index)); ++index) {
    const fs::path file = round(spec, index) / "error.json";
    if (fs::exists(file)) return base::read_json(file);
  }
  return nullptr;
}

json RunDirectory::repetition(const scenario::Case& spec, int index) const {
  const fs::path file = round(spec, index) / "repeat.json";
  return fs::exists(file) ? base::read_json(file) : json();
}

bool RunDirectory::has_frames(const scenario::Case& spec) const {
  return fs::exists(of(spec) / "frames.safetensors");
}

}  // namespace isoframe::harness::run
