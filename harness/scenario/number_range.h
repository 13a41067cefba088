#pragma once
// The one rule for numbers that people write, in files and on the command line: finite, and in a range.

#include <limits>
#include <string>

#include "harness/scenario/yaml_value.h"

namespace isoframe::harness::scenario {

/// Reads a number in [least, most]: a finite one, unless `most` is infinity.
double number_in_range(const Value& value, const std::string& called, double least, double most);

/// Reads a finite number above 0.
double number_above_zero(const Value& value, const std::string& called,
                         double most = std::numeric_limits<double>::max());

}  // namespace isoframe::harness::scenario
