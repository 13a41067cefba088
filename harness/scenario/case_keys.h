#pragma once
// The keys of a case, one row each: what a value may be, where it goes, and what role it plays.  Key lists,
// JSON, the schema, README.md, what must agree between two cases and the options of `generate` follow from
// the table.

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/scenario/case.h"
#include "harness/scenario/yaml_value.h"

namespace isoframe::harness::scenario {

/// The part that a key plays when cases are compared or measured again.
enum class Role {
  kAskedFor,      ///< which frames: a case shares it with its baseline
  kComputedWith,  ///< how exactly they are computed: shared too, unless different frames are expected
  kMeasuredWith,  ///< what may differ from the baseline, and what a measurement depends on all the same
  kBookkeeping,   ///< nothing of a measurement
};
/// "asked for", "computed with", "measured with", "bookkeeping".
std::string to_string(Role role);

/// The time for which ranks that stay hold a key's value.
enum class Holds {
  kGeneration,  ///< each generation may have another
  kLoaded,      ///< as long as what is loaded
  kProcess,     ///< as long as they run
};

/// A row.  Gates have a table of their own (gates.h).
struct CaseKey {
  std::string name;  ///< in a scenario: "tiling.tile_size"
  std::string json;  ///< in a case's JSON: "tile_size"
  std::string
      option;  ///< of `generate`: "--tile-size"; of a flag that says false "--no-tiling"; empty for none
  Role role;
  std::string type;               ///< what a value may be, for README.md
  nlohmann::ordered_json schema;  ///< the same as JSON Schema
  std::string fallback;           ///< what holds where it is not given, for README.md
  nlohmann::json initial;         ///< the value of a Case that nobody has set
  std::string meaning;            ///< one sentence, or part of one, in Markdown
  bool has_default = false;       ///< whether that is `initial`
  bool is_path = false;
  bool was_wider = false;  ///< whether earlier versions wrote values that `schema` does not allow
  Holds holds = Holds::kGeneration;

  std::function<void(Case&, const Value&, const std::string& called)> read;
  std::function<nlohmann::json(const Case&)> to_json;
  std::function<void(Case&, const nlohmann::json&)> from_json;
};

/// All keys in the order of README.md; those of `tiling` side by side.
const std::vector<CaseKey>& case_keys();
/// The row of a key of Settings that is no gate.
const CaseKey& case_key(const std::string& name);

/// The words that a key's value may be, where it is one of several.
std::vector<std::string> words_of(const std::string& name);

/// "gates." and "tiling." keys belong to a mapping of this name, others to none.
std::string group_of(const std::string& name);

}  // namespace isoframe::harness::scenario
