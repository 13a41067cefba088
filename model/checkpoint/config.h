#pragma once
// A part's config.json, read with errors that name file and key.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace isoframe::model::checkpoint {

/// One JSON object of configuration and the file it came from.
class Config {
 public:
  /// Throws InputError for a file that is missing, not JSON or not an object.
  static Config load(const std::filesystem::path& file);
  /// Takes values from memory, for tests and synthetic checkpoints: error messages name `origin`.
  Config(nlohmann::json values, std::string origin);

  bool has(const std::string& key) const;
  /// The value of `key`; throws InputError "FILE: 'KEY' ..." when it is missing or of another type.
  std::int64_t integer(const std::string& key) const;
  double number(const std::string& key) const;
  bool boolean(const std::string& key) const;
  std::string text(const std::string& key) const;
  std::vector<std::int64_t> integers(const std::string& key) const;
  /// Reads a key with a default for one that is missing or null.
  std::int64_t integer(const std::string& key, std::int64_t otherwise) const;
  double number(const std::string& key, double otherwise) const;
  bool boolean(const std::string& key, bool otherwise) const;
  std::string text(const std::string& key, const std::string& otherwise) const;
  std::vector<std::int64_t> integers(const std::string& key,
                                     const std::vector<std::int64_t>& otherwise) const;

  /// A nested object, as rope_parameters; its errors name the file and `key`.
  Config object(const std::string& key) const;

  /// Throws InputError unless `_class_name` (diffusers) or one of `architectures` (transformers) is `name`.
  void require_class(const std::string& name) const;
  /// A clear InputError about `key` of this file.
  [[noreturn]] void fail(const std::string& key, const std::string& problem) const;

  const nlohmann::json& values() const { return values_; }
  const std::string& origin() const { return origin_; }

 private:
  const nlohmann::json& required(const std::string& key) const;
  [[noreturn]] void wrong_type(const std::string& key, const char* wanted) const;

  nlohmann::json values_;
  std::string origin_;
};

}  // namespace isoframe::model::checkpoint
