#pragma once
// What the kernel tells of a process.

#include <cstdint>
#include <sys/types.h>

namespace isoframe::base {

/// The memory of a process that is resident now, pages that it shares included; 0 if there is none of that
/// number.
std::uint64_t resident_bytes(pid_t process);

}  // namespace isoframe::base
