#include "harness/run/run_directory.h"

#include <fmt/format.h>

#include "harness/judge/quality.h"
#include "harness/store/json_file.h"
#include "harness/worker/video.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// The part of a case that a measurement depends on: gates may change between a run and its resumption.
json what_is_measured(const scenario::Case& value) {
  json result = scenario::to_json(value);
  for (const char* key :
       {"where", "baseline", "expected_different", "gates", "repeat", "timeout_seconds", "meeting_seconds"})
    result.erase(key);
  return result;
}

}  // namespace

fs::path RunDirectory::round(const scenario::Case& value, int index) const {
  return of(value) / ".rounds" / std::to_string(index);
}

bool RunDirectory::has_round(const scenario::Case& value, int index) const {
  const fs::path file = round(value, index) / "done.json";
  return fs::exists(file) && has_frames(value) &&
         store::read_json(file).at("case") == what_is_measured(value);
}

void RunDirectory::keep_round(const scenario::Case& value, int index, const RoundResult& result) const {
  const fs::path from = round(value, index);
  const fs::path to = of(value);
  if (index == 0) {
    worker::keep_outputs(from, to);
  } else {
    store::write_json(from / "repeat.json", judge::compare_frames(to / "frames.safetensors",
                                                                  from / "frames.safetensors", value.name));
    fs::remove(from / "frames.safetensors");
    fs::remove(from / "latents.safetensors");
  }
  store::write_json(from / "done.json", {{"case", what_is_measured(value)}, {"ranks", result.ranks}});
}

void RunDirectory::keep_error(const scenario::Case& value, int index, const json& error) const {
  store::write_json(round(value, index) / "error.json", error);
}

void RunDirectory::forget(const scenario::Case& value, int index) const {
  fs::remove_all(round(value, index));
  if (index > 0) return;
  fs::remove_all(of(value));
}

std::vector<json> RunDirectory::rounds(const scenario::Case& value) const {
  std::vector<json> result;
  for (int index = 0; fs::exists(round(value, index) / "done.json"); ++index)
    result.push_back(store::read_json(round(value, index) / "done.json").at("ranks"));
  return result;
}

std::vector<json> RunDirectory::events(const scenario::Case& value, int index) const {
  std::vector<json> result;
  for (int rank = 0; rank < value.layout.world_size(); ++rank) {
    const fs::path file = round(value, index) / fmt::format("events-{}.json", rank);
    if (!fs::exists(file)) return {};
    result.push_back(store::read_json(file));
  }
  return result;
}

json RunDirectory::error(const scenario::Case& value) const {
  for (int index = 0; fs::exists(round(value, index)); ++index) {
    const fs::path file = round(value, index) / "error.json";
    if (fs::exists(file)) return store::read_json(file);
  }
  return nullptr;
}

json RunDirectory::repetition(const scenario::Case& value, int index) const {
  const fs::path file = round(value, index) / "repeat.json";
  return fs::exists(file) ? store::read_json(file) : json();
}

bool RunDirectory::has_frames(const scenario::Case& value) const {
  return fs::exists(of(value) / "frames.safetensors");
}

}  // namespace isoframe::harness::run
