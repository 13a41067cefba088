#pragma once

#include <string>

#include "model/checkpoint/config.h"

namespace isoframe::model::checkpoint {

/// The config's number, or `otherwise` where it has none.  Throws InputError naming file and key unless it is
/// above 0: an epsilon, a base, a ratio that is not would compute NaN or nothing.
double positive_number(const Config& config, const std::string& key, double otherwise);

}  // namespace isoframe::model::checkpoint
