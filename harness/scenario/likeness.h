#pragma once
// Likeness of cases: the keys that two of them must share, by role.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/scenario/case.h"
#include "harness/scenario/case_keys.h"

namespace isoframe::harness::scenario {

/// True for a key that a case and its baseline share: those that decide the frames, and those of the
/// computation unless different frames are expected.
bool is_shared_with_baseline(const CaseKey& key, const Case& spec);

/// The values of all keys that a measurement depends on, by their names in a case's JSON: everything but
/// bookkeeping.
nlohmann::json measured_key(const Case& spec);

/// Keys by which a measurement whose measured_key() was `earlier` is none of `spec`, "steps: 50 then, 4 now";
/// empty where it is one.  A checkpoint and an image may lie elsewhere: it is their content that counts,
/// which an Origin has.  A key that `earlier` does not have came later and had its default.
std::vector<std::string> measured_otherwise(const Case& spec, const nlohmann::json& earlier);

/// A key that has another value than in an earlier run.
struct Difference {
  Role role;         ///< kAskedFor: the two are different videos
  std::string key;   ///< "steps"
  std::string text;  ///< "steps: 50 then, 4 now"
};

/// Differences that make two runs of a case incomparable, by keys; `earlier` is the earlier case's JSON.
/// Bookkeeping is none.  A checkpoint or an image is told by its file name, as another checkout has it
/// elsewhere.
std::vector<Difference> differences(const Case& spec, const nlohmann::json& earlier);

}  // namespace isoframe::harness::scenario
