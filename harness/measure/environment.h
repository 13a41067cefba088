#pragma once
// The environment of a measurement, which may spoil or explain it: the machine, its limits, its load, and the
// build.

#include <string>
#include <string_view>

#include "reports/records/case_result.h"

namespace isoframe::harness::measure {

/// This build's version of isoframe: "0.1.0".
std::string version();

/// Describes this machine and build, without what differs from case to case: `threads_per_rank` and `device`.
reports::records::Environment environment();

/// The processor's model as the text of /proc/cpuinfo gives it: the model's name, or where there is none, as
/// on aarch64, its maker and part by their numbers, "aarch64, implementer 0x41, part 0xd40"; `architecture`
/// alone where the text names none of these.
std::string processor_name(std::string_view cpuinfo, const std::string& architecture);

}  // namespace isoframe::harness::measure
