#pragma once
// A YAML node that knows its place in the file: typed access, every error with file:line:column.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "harness/scenario/location.h"

namespace isoframe::harness::scenario {

struct Entry;

class Value {
 public:
  Value(const YAML::Node& node, Location where) : node_(node), where_(std::move(where)) {}
  Value(const Value&) = default;
  /// Points this at another node; assigning a YAML::Node would write into the tree that both share.
  Value& operator=(const Value& other) {
    node_.reset(other.node_);
    where_ = other.where_;
    return *this;
  }

  const Location& where() const { return where_; }
  [[noreturn]] void fail(const std::string& message) const;

  bool is_mapping() const { return node_.IsMap(); }
  bool is_list() const { return node_.IsSequence(); }

  /// Read scalars; errors call the value by `key`.
  /// Reads a text, which is UTF-8.
  std::string text(const std::string& key) const;
  /// Reads a path, which may be of any bytes but NUL.
  std::string bytes(const std::string& key) const;
  bool boolean(const std::string& key) const;
  /// `reason` ends the error of a number outside the range.
  std::int64_t integer(const std::string& key, std::int64_t least, std::int64_t most,
                       const char* reason = "") const;
  /// Reads a number, never NaN; .inf is one, which the caller's range may refuse.
  double number(const std::string& key) const;

  /// Reads anything as JSON: a plain `true`, `1` or `null` as what it looks like, a quoted one as text.
  nlohmann::json as_json(const std::string& key) const;

  /// Reads a list; refuses an empty one.
  std::vector<Value> list(const std::string& key) const;
  /// Reads a mapping in file order.  Refuses keys that are given twice, and keys not in `known`, naming the
  /// nearest one; with an empty `known` any key is allowed.
  std::vector<Entry> mapping(const std::string& key, const std::vector<std::string>& known) const;

 private:
  bool is_plain() const { return node_.IsScalar() && node_.Tag() != "!"; }
  std::string shown() const;
  std::string scalar(const std::string& key) const;

  YAML::Node node_;
  Location where_;
};

struct Entry {
  std::string key;
  Location key_where;
  Value value;
};

/// Reads the one document in `file`, which must be a mapping.
Value read_yaml(const std::filesystem::path& file);

}  // namespace isoframe::harness::scenario
