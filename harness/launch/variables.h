#pragma once
// Environment variables that change what ranks compute or how fast.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace isoframe::harness::launch {

/// The fate of a variable of this process's environment when it starts ranks.
enum class Influence {
  kNone,      ///< changes neither bits nor speed, or is set by ranks themselves
  kRecorded,  ///< changes bits or speed of all ranks alike: kept, and runs with other values are unlike
  kBreaking,  ///< would break the identity of layouts, or pin all ranks to one core: ranks start without it
};

Influence influence_of(std::string_view variable);

struct Variables {
  std::map<std::string, std::string> recorded;  ///< with their values
  std::vector<std::string> cleared;             ///< names, in order
};

/// The variables of this process's environment that ranks feel, or would.
Variables influential_variables();

}  // namespace isoframe::harness::launch
