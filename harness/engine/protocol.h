#pragma once
// What the harness asks of an engine's ranks and what they answer: a JSON object a line.  README.md says what
// each field means.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/launch/local_result.h"
#include "harness/launch/progress_report.h"

namespace isoframe::harness::engine {

inline constexpr int kProtocol = 1;

/// What is asked: the `request` of a line.
enum class Ask { kLoad, kGenerate, kObserve, kExit };

struct Request {
  std::int64_t id = 0;
  Ask ask = Ask::kExit;
  nlohmann::json spec = {};              ///< `case`
  std::filesystem::path store = {};      ///< of kLoad
  std::filesystem::path directory = {};  ///< of kGenerate and kObserve; empty: a warm-up
  std::filesystem::path noise = {};      ///< a latents.safetensors to begin with; empty: the seed's own
  nlohmann::json observation = {};       ///< of kObserve
};
std::string to_line(const Request& request);
/// Throws InputError for a line that is no request.
Request request_from_line(std::string_view line);

/// The first line of a rank.
struct Hello {
  int protocol = kProtocol;
  std::string engine, version;
  int rank = 0;
  std::int64_t pid = 0;
  nlohmann::json capabilities = nlohmann::json::object();
};
struct Loaded {
  double seconds = 0.0;
};
struct Done {};

/// A rank's answer, or a report on the way to it.
struct Answer {
  std::optional<std::int64_t> id;  ///< of the request; none for Hello, and for what could not be read
  std::variant<Hello, Loaded, launch::Progress, Done, launch::RankError> what;
};
std::string to_line(const Answer& answer);
/// Throws InputError that quotes a line which is no answer.
Answer answer_from_line(int rank, std::string_view line);

}  // namespace isoframe::harness::engine
