#include "harness/launch/progress_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace isoframe::harness::launch {

nlohmann::json to_json(const Progress& progress) {
  nlohmann::json report = {{"stage", progress.stage}};
  if (progress.index >= 0) report["index"] = progress.index;
  if (progress.of >= 0) report["of"] = progress.of;
  return report;
}

std::string to_line(const Progress& progress) { return to_json(progress).dump() + "\n"; }

std::optional<Progress> from_line(int rank, std::string_view line) {
  return from_json(rank, nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
}

std::optional<Progress> from_json(int rank, const nlohmann::json& json) {
  if (!json.is_object() || !json.contains("stage") || !json["stage"].is_string()) return std::nullopt;
  const auto integer = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
  };
  return Progress{rank, json["stage"].get<std::string>(), integer("index"), integer("of")};
}

std::string describe(const Progress& progress) {
  if (progress.index < 0) return progress.stage;
  return fmt::format("{}{} {}", progress.stage, progress.stage == "denoise" ? " step" : "", progress.index);
}

}  // namespace isoframe::harness::launch
