#pragma once
// Requests to an engine's ranks and their answers, a JSON object a line.  README.md says what each field
// means.

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
#include "reports/records/names.h"

namespace isoframe::harness::engine {

inline constexpr int kProtocol = 1;

/// The kind of a request: `request` of its line.
enum class Ask { kLoad, kGenerate, kObserve, kExit };

struct Request {
  std::int64_t id = 0;
  Ask ask = Ask::kExit;
  nlohmann::json spec = {};              ///< `case`
  std::filesystem::path store = {};      ///< of kLoad
  std::filesystem::path directory = {};  ///< of kGenerate and kObserve; empty: a warm-up
  std::filesystem::path noise = {};      ///< a latents.safetensors to begin with; empty: the seed's own
  nlohmann::json observation = {};       ///< of kObserve, and of the kLoad before it; may be null
};
std::string to_line(const Request& request);
/// Throws InputError for a line that is no request.
Request request_from_line(std::string_view line);

/// Abilities of an engine, by its own word.  A list that it leaves out rules nothing out.
struct Capabilities {
  using Words = std::vector<std::string>;
  std::optional<Words> tasks = {}, dtypes = {}, devices = {};
  std::optional<Words> layouts = {};  ///< degrees that may be more than 1
  bool takes_noise = true;            ///< whether a generation may begin with given noise
  Words observations = {};
  std::optional<int> fingerprint = {};  ///< version of the fingerprints that it leaves
};

/// The first line of a rank.
struct Hello {
  int protocol = kProtocol;
  std::string engine, version;
  int rank = 0;
  std::int64_t pid = 0;
  Capabilities capabilities = {};
};
struct Loaded {
  double seconds = 0.0;
  std::map<std::string, std::string> facts = {};  ///< versions and hashes that all ranks agree on
};
struct Done {
  std::optional<std::uint64_t> resident_bytes = {};  ///< memory of a rank that a launcher started
};

/// A rank's answer, or a report on the way to it.
struct Answer {
  std::optional<std::int64_t> id;  ///< of the request; none for Hello, and for what could not be read
  std::variant<Hello, Loaded, launch::Progress, Done, launch::RankError> what;
};
std::string to_line(const Answer& answer);
/// Throws InputError that quotes a line which is no answer.
Answer answer_from_line(int rank, std::string_view line);

}  // namespace isoframe::harness::engine

namespace isoframe::reports::records {

template <>
struct Names<harness::engine::Ask> {
  using enum harness::engine::Ask;
  static constexpr NameTable<harness::engine::Ask, 4> all = {
      {{kLoad, "load"}, {kGenerate, "generate"}, {kObserve, "observe"}, {kExit, "exit"}}};
};
template <>
struct Names<harness::launch::RankError::Kind> {
  using enum harness::launch::RankError::Kind;
  static constexpr NameTable<harness::launch::RankError::Kind, 3> all = {
      {{kInput, "input"}, {kUnsupported, "unsupported"}, {kEngine, "engine"}}};
};

}  // namespace isoframe::reports::records
