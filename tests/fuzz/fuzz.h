#pragma once
// What every fuzz target does with an input: bad input may end in an InputError and in nothing else.

#include <cstddef>
#include <cstdint>

#include "base/error.h"

/// libFuzzer's entry point.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace isoframe::fuzz {

/// Any other exception leaves, and ends the program.
template <typename Read>
void expect_clear_error(const Read& read) {
  try {
    read();
  } catch (const InputError&) {
    return;
  }
}

}  // namespace isoframe::fuzz
