#pragma once
// The settings of one case in a scenario file, key by key, before they become a Case: defaults, cases and
// matrices can override each other, and every value still knows its place.

#include <map>
#include <string>
#include <vector>

#include "harness/scenario/yaml_value.h"

namespace isoframe::harness::scenario {

struct Setting {
  Value value;
  bool from_defaults = false;
};

/// Settings by key; `tiling` and `gates` are taken apart into tiling.enabled, gates.psnr_min, ..., so that a
/// case can override one of their keys and keep the others.
using Settings = std::map<std::string, Setting>;

/// Keys of a case, as written in a file, without name and matrix.
const std::vector<std::string>& key_names();
/// These keys and the dotted ones: they can be axes, or stand in a name's template.
const std::vector<std::string>& axis_keys();
/// The keys inside `tiling`, `gates` and a `layout` that is written as a mapping; none for any other key.
const std::vector<std::string>& subkeys(const std::string& key);

/// Sets `key`, one of axis_keys().
void set(Settings& settings, const std::string& key, const Setting& setting);

}  // namespace isoframe::harness::scenario
