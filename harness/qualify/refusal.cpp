#include "harness/qualify/refusal.h"

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::harness::qualify {

void refuse(const std::string& field, const std::string& what) {
  throw InputError(fmt::format("'{}' {}", field, what));
}

}  // namespace isoframe::harness::qualify
