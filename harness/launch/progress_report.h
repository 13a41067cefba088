#pragma once
// A rank's report of where it is, and the line that carries it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::harness::launch {

struct Progress {
  int rank = 0;
  std::string stage;
  std::int64_t index = -1;
  std::int64_t of = -1;
};

/// The report as JSON; numbers below zero and the rank, which whoever reads it knows, are left out.
nlohmann::json to_json(const Progress& progress);
/// None for JSON that is no report.
std::optional<Progress> from_json(int rank, const nlohmann::json& json);

/// {"stage": "denoise", "index": 3, "of": 8} and a line's end.
std::string to_line(const Progress& progress);
/// The report in a line of that rank, without the line's end; none for a line that is no report.
std::optional<Progress> from_line(int rank, std::string_view line);

/// "denoise step 3", "decode.tile 5", "text": where a person would look for it.
std::string describe(const Progress& progress);

}  // namespace isoframe::harness::launch
