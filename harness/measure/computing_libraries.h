#pragma once
// The builds of what computes: libraries by their build IDs, GPUs by their driver.

#include <map>
#include <string>
#include <vector>

namespace isoframe::harness::measure {

/// Build IDs of the loaded libraries that decide bits and times (LibTorch, OpenMP, MKL, CUDA), by file name;
/// where a library has none, the size of its file.
std::map<std::string, std::string> computing_libraries();

/// GPUs of this machine with their driver, "NVIDIA H200, driver 550.54", as the driver lists them without
/// being started; empty where there is none.
std::vector<std::string> gpus();

}  // namespace isoframe::harness::measure
