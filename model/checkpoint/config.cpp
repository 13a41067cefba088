#include "model/checkpoint/config.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/text.h"
#include "model/checkpoint/downloads.h"

namespace isoframe::model::checkpoint {

namespace {

/// True for an integer that 64 bits hold with their sign: JSON's own conversion would wrap a greater one.
bool is_integer(const nlohmann::json& value) {
  return value.is_number_unsigned() ? std::in_range<std::int64_t>(value.get<std::uint64_t>())
                                    : value.is_number_integer();
}

std::string shown(const nlohmann::json& value) { return base::shortened(value.dump()); }

}  // namespace

Config Config::load(const std::filesystem::path& file) {
  require_downloaded(file);
  return Config(base::read_json(file), file.string());
}

Config::Config(nlohmann::json values, std::string origin)
    : values_(std::move(values)), origin_(std::move(origin)) {
  if (!values_.is_object()) {
    throw InputError(fmt::format("{}: must be a JSON object, but is {}", origin_, values_.type_name()));
  }
}

bool Config::has(const std::string& key) const {
  const auto found = values_.find(key);
  return found != values_.end() && !found->is_null();
}

const nlohmann::json& Config::required(const std::string& key) const {
  if (!has(key)) fail(key, values_.contains(key) ? "is null, but a value is needed" : "is missing");
  return values_.at(key);
}

void Config::wrong_type(const std::string& key, const char* wanted) const {
  fail(key, fmt::format("must be {}, but is {}", wanted, shown(values_.at(key))));
}

std::int64_t Config::integer(const std::string& key) const {
  const nlohmann::json& value = required(key);
  if (!is_integer(value)) wrong_type(key, "an integer");
  return value.get<std::int64_t>();
}

double Config::number(const std::string& key) const {
  const nlohmann::json& value = required(key);
  if (!value.is_number()) wrong_type(key, "a number");
  return value.get<double>();
}

bool Config::boolean(const std::string& key) const {
  const nlohmann::json& value = required(key);
  if (!value.is_boolean()) wrong_type(key, "true or false");
  return value.get<bool>();
}

std::string Config::text(const std::string& key) const {
  const nlohmann::json& value = required(key);
  if (!value.is_string()) wrong_type(key, "a string");
  return value.get<std::string>();
}

std::vector<std::int64_t> Config::integers(const std::string& key) const {
  const nlohmann::json& value = required(key);
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_integer)) {
    wrong_type(key, "a list of integers");
  }
  return value.get<std::vector<std::int64_t>>();
}

std::int64_t Config::integer(const std::string& key, std::int64_t otherwise) const {
  return has(key) ? integer(key) : otherwise;
}

double Config::number(const std::string& key, double otherwise) const {
  return has(key) ? number(key) : otherwise;
}

bool Config::boolean(const std::string& key, bool otherwise) const {
  return has(key) ? boolean(key) : otherwise;
}

std::string Config::text(const std::string& key, const std::string& otherwise) const {
  return has(key) ? text(key) : otherwise;
}

std::vector<std::int64_t> Config::integers(const std::string& key,
                                           const std::vector<std::int64_t>& otherwise) const {
  return has(key) ? integers(key) : otherwise;
}

Config Config::object(const std::string& key) const {
  const nlohmann::json& value = required(key);
  if (!value.is_object()) wrong_type(key, "an object");
  return Config(value, fmt::format("{}: in '{}'", origin_, key));
}

void Config::require_class(const std::string& name) const {
  if (has("_class_name")) {
    if (text("_class_name") != name) {
      fail("_class_name", fmt::format("is '{}', but only '{}' is known here", text("_class_name"), name));
    }
    return;
  }
  if (!has("architectures")) {
    fail("_class_name", fmt::format("is missing, and so is 'architectures'; expected '{}'", name));
  }
  const nlohmann::json& architectures = values_.at("architectures");
  if (!architectures.is_array() ||
      std::find(architectures.begin(), architectures.end(), name) == architectures.end()) {
    fail("architectures", fmt::format("is {}, but only '{}' is known here", shown(architectures), name));
  }
}

void Config::fail(const std::string& key, const std::string& problem) const {
  throw InputError(fmt::format("{}: '{}' {}", origin_, key, problem));
}

}  // namespace isoframe::model::checkpoint
