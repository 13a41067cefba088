#pragma once
// A device's best rates and its memory, as a file describes them.

#include <filesystem>
#include <map>
#include <string>

namespace isoframe::harness::plan {

struct Device {
  std::string name;
  bool is_cpu = false;                  ///< computes with the CPU's kernels, and what they hold besides
  std::string dtype;                    ///< that all cases are planned in; empty leaves each its own
  std::map<std::string, double> flops;  ///< a second, by dtype
  double memory_bytes = 0.0;
  double memory_bandwidth = 0.0;  ///< bytes a second
  double link_bandwidth = 0.0;    ///< bytes a second and direction, of one device
};

/// Reads the YAML of scenarios/devices/.  Throws InputError with "file:line:column: ..." for the first error.
Device read_device(const std::filesystem::path& file);

}  // namespace isoframe::harness::plan
