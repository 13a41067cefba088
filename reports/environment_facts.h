#pragma once
// The machine of a run as a list of labels and values.

#include <string>
#include <utility>
#include <vector>

#include "reports/records/case_result.h"

namespace isoframe::reports {

/// The known fields of the environment, by label: {"memory", "15.5 GiB"}, {"isa", "AVX2, AVX512"}, ...
std::vector<std::pair<std::string, std::string>> environment_facts(const records::Environment& environment);

}  // namespace isoframe::reports
