#pragma once
// Ranks compare what they have been given before anything is loaded: one with another scenario, checkpoint or
// build would compute another video, or hang in a collective that its peers never enter.

#include <chrono>
#include <map>
#include <string>

namespace c10d {
class Store;
}

namespace isoframe::model::parallel {

/// Facts that a rank was given, by the name that a person calls it: {"steps", "50"}, {"checkpoint",
/// "3f0c..."}.
using Facts = std::map<std::string, std::string>;

/// Returns on every rank once all have come with the same facts, and each with a device of its own: `device`
/// is this rank's, as people call it, or empty where ranks may share it.  Otherwise throws on every rank the
/// same line, naming the rank: InputError for facts that differ and a device that two have, RunError for a
/// rank that has not come within `patience`.
void agree(c10d::Store& store, int rank, int world_size, const Facts& facts, const std::string& device,
           std::chrono::milliseconds patience);

}  // namespace isoframe::model::parallel
