#pragma once
// Refusal of evidence that cannot be what repetitions left.

#include <string>

namespace isoframe::harness::qualify {

/// Throws InputError: "'ballots.base.votes' is 3, its urns hold 4".
[[noreturn]] void refuse(const std::string& field, const std::string& what);

}  // namespace isoframe::harness::qualify
