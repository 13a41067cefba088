#pragma once
// The file of published figures that cases stand beside (scenarios/published-figures.yaml).

#include <string>

#include "harness/scenario/yaml_value.h"
#include "reports/records/published.h"

namespace isoframe::harness::scenario {

/// The row that `value`, FILE#ROW, names; FILE is relative to the scenario.  Fails for a file that is not one
/// of figures, and for a row that it does not have, with the nearest that it has.
reports::records::PublishedFigures read_published(const Value& value, const std::string& key);

}  // namespace isoframe::harness::scenario
