#include "harness/launch/progress_reader.h"

#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace isoframe::harness::launch {

namespace {

/// No report is that long: a program that writes something else there must not fill the memory.
constexpr std::size_t kLongestLine = 4096;

std::optional<Progress> parse(int rank, std::string_view line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("stage") || !json["stage"].is_string()) return std::nullopt;
  Progress progress{rank, json["stage"].get<std::string>()};
  const auto integer = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_integer() ? found->get<long>() : -1;
  };
  progress.index = integer("index");
  progress.of = integer("of");
  return progress;
}

}  // namespace

std::vector<Progress> ProgressReader::read(std::string_view bytes) {
  std::vector<Progress> reports;
  for (const char c : bytes) {
    if (c != '\n') {
      if (partial_.size() < kLongestLine) partial_ += c;
      continue;
    }
    if (std::optional<Progress> progress = parse(rank_, partial_)) reports.push_back(std::move(*progress));
    partial_.clear();
  }
  return reports;
}

std::string describe(const Progress& progress) {
  if (progress.index < 0) return progress.stage;
  return fmt::format("{}{} {}", progress.stage, progress.stage == "denoise" ? " step" : "", progress.index);
}

}  // namespace isoframe::harness::launch
