#pragma once
// The rule of every fuzz target: bad input may end in an InputError and in nothing else.

#include <cstddef>
#include <cstdint>

#include "base/error.h"

/// libFuzzer's entry point.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace isoframe::fuzz {

/// Runs `read`; any exception but an InputError ends the program.
template <typename Read>
void expect_clear_error(const Read& read) {
  try {
    read();
  } catch (const InputError&) {
    return;
  }
}

}  // namespace isoframe::fuzz
