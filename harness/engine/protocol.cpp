#include "harness/engine/protocol.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isoframe::harness::engine {

namespace records = reports::records;

using launch::Progress;
using launch::RankError;
using nlohmann::json;

namespace {

/// The value of that name.  Throws InputError for one that is not in its table.
template <typename Enumeration>
Enumeration value_of(const std::string& name) {
  const std::optional<Enumeration> value = records::named_as<Enumeration>(name);
  if (!value) throw InputError(fmt::format("'{}' is not known", name));
  return *value;
}

constexpr std::size_t kLongestQuote = 200;

[[noreturn]] void reject(std::string_view line, const char* what, std::string_view why) {
  throw InputError(fmt::format("'{}' is not {}: {}", base::shortened(line, kLongestQuote), what, why));
}

/// Parses a line as `what`, "a request".
template <typename Parse>
auto parsed(std::string_view line, const char* what, const Parse& parse) {
  const json value = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) reject(line, what, "no JSON object");
  try {
    return parse(value);
  } catch (const json::exception& error) {
    reject(line, what, error.what());
  } catch (const InputError& error) {
    reject(line, what, error.what());
  }
}

/// The path in a field that may be null or absent.
std::filesystem::path path_in(const json& value, const char* field) {
  const auto found = value.find(field);
  return found == value.end() || found->is_null() ? std::filesystem::path()
                                                  : base::path_of(found->get<std::string>());
}
json path_or_null(const std::filesystem::path& path) {
  return path.empty() ? json() : json(base::text_of(path));
}

template <typename T>
std::optional<T> optional_in(const json& value, const char* field) {
  const auto found = value.find(field);
  return found == value.end() || found->is_null() ? std::nullopt : std::optional(found->get<T>());
}
template <typename T>
json value_or_null(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

Capabilities capabilities_from(const json& value) {
  using Words = Capabilities::Words;
  return {.tasks = optional_in<Words>(value, "tasks"),
          .dtypes = optional_in<Words>(value, "dtypes"),
          .devices = optional_in<Words>(value, "devices"),
          .layouts = optional_in<Words>(value, "layouts"),
          .takes_noise = optional_in<bool>(value, "takes_noise").value_or(true),
          .observations = optional_in<Words>(value, "observations").value_or(Words()),
          .fingerprint = optional_in<int>(value, "fingerprint")};
}

json to_json(const Capabilities& capabilities) {
  return {{"tasks", value_or_null(capabilities.tasks)},
          {"dtypes", value_or_null(capabilities.dtypes)},
          {"devices", value_or_null(capabilities.devices)},
          {"layouts", value_or_null(capabilities.layouts)},
          {"takes_noise", capabilities.takes_noise},
          {"observations", capabilities.observations},
          {"fingerprint", value_or_null(capabilities.fingerprint)}};
}

Hello hello_from(const json& value) {
  return {.protocol = value.at("protocol").get<int>(),
          .engine = value.at("engine").get<std::string>(),
          .version = value.at("version").get<std::string>(),
          .rank = value.at("rank").get<int>(),
          .pid = value.at("pid").get<std::int64_t>(),
          .capabilities = capabilities_from(value.value("capabilities", json::object()))};
}

json fields_of(const Hello& hello) {
  return {{"answer", "hello"},
          {"protocol", hello.protocol},
          {"engine", hello.engine},
          {"version", hello.version},
          {"rank", hello.rank},
          {"pid", hello.pid},
          {"capabilities", to_json(hello.capabilities)}};
}
json fields_of(const Loaded& loaded) {
  return {{"answer", "loaded"}, {"seconds", loaded.seconds}, {"facts", loaded.facts}};
}
json fields_of(const Done& done) {
  json fields = {{"answer", "done"}};
  if (done.resident_bytes) fields["resident_bytes"] = *done.resident_bytes;
  return fields;
}
json fields_of(const RankError& error) {
  json fields = {{"answer", "error"}, {"kind", records::name_of(error.kind)}, {"message", error.message}};
  if (error.time) fields["time"] = *error.time;
  return fields;
}
json fields_of(const Progress& progress) {
  json fields = launch::to_json(progress);
  fields["answer"] = "progress";
  return fields;
}

}  // namespace

std::string to_line(const Request& request) {
  json line = {{"id", request.id}, {"request", records::name_of(request.ask)}};
  if (request.ask != Ask::kExit) line["case"] = request.spec;
  if (request.ask == Ask::kLoad) line["store"] = base::text_of(request.store);
  if (request.ask == Ask::kGenerate || request.ask == Ask::kObserve) {
    line["directory"] = path_or_null(request.directory);
    line["noise"] = path_or_null(request.noise);
  }
  if (!request.observation.is_null()) line["observation"] = request.observation;
  return line.dump() + "\n";
}

Request request_from_line(std::string_view line) {
  return parsed(line, "a request", [](const json& value) {
    Request request{.id = value.at("id").get<std::int64_t>(),
                    .ask = value_of<Ask>(value.at("request").get<std::string>())};
    if (request.ask != Ask::kExit) request.spec = value.at("case");
    if (request.ask == Ask::kLoad) request.store = base::path_of(value.at("store").get<std::string>());
    request.directory = path_in(value, "directory");
    request.noise = path_in(value, "noise");
    if (request.ask == Ask::kObserve) request.observation = value.at("observation");
    if (request.ask == Ask::kLoad) request.observation = value.value("observation", json());
    return request;
  });
}

std::string to_line(const Answer& answer) {
  json line = std::visit([](const auto& what) { return fields_of(what); }, answer.what);
  if (!std::holds_alternative<Hello>(answer.what)) line["id"] = answer.id ? json(*answer.id) : json();
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Answer answer_from_line(int rank, std::string_view line) {
  return parsed(line, "an answer", [&](const json& value) -> Answer {
    const std::string kind = value.at("answer").get<std::string>();
    if (kind == "hello") return {.id = {}, .what = hello_from(value)};
    std::optional<std::int64_t> id;
    if (!value.at("id").is_null()) id = value.at("id").get<std::int64_t>();
    if (kind == "loaded")
      return {id, Loaded{value.at("seconds").get<double>(),
                         value.value("facts", std::map<std::string, std::string>())}};
    if (kind == "done") return {id, Done{optional_in<std::uint64_t>(value, "resident_bytes")}};
    if (kind == "progress") {
      if (const auto progress = launch::from_json(rank, value)) return {id, *progress};
      throw InputError("no stage");
    }
    if (kind == "error")
      return {id, RankError{value_of<RankError::Kind>(value.at("kind").get<std::string>()),
                            value.at("message").get<std::string>(), optional_in<double>(value, "time")}};
    throw InputError(fmt::format("'{}' is not known", kind));
  });
}

}  // namespace isoframe::harness::engine
