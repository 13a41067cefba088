#pragma once
// The device that a rank computes on.  Everything that a GPU needs and a CPU does not is behind these calls
// and model/parallel/nccl_group.h; a build without CUDA has device_cpu.cpp in the place of device_cuda.cpp.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <c10/core/Device.h>

namespace isoframe::model::device {

/// Throws InputError, one line, unless this build, and this machine for `ranks_here` ranks of its own, can
/// compute on `name`: "cpu" or "cuda".  With no rank here (a launcher starts them) only the build is asked.
void check_available(const std::string& name, int ranks_here = 1);

/// Returns "cuda" where this build and this machine can compute on a GPU, else "cpu".
std::string of_machine();

/// The rank's own device: "cpu", or the `local_rank`th of the GPUs that this process sees, which becomes its
/// current one.  A launcher that shows each rank one GPU is understood.  Throws InputError where there are
/// fewer GPUs than ranks on this machine.
c10::Device take(const std::string& name, int local_rank);

/// The device as nobody else on this machine calls another: "cpu", "GPU 00000000:17:00.0".
std::string name_of(const c10::Device& device);

/// Makes the same input give the same bits, on a GPU too: deterministic algorithms, no search in cuDNN for
/// the fastest one, a fixed cuBLAS workspace; float32 products in float32 unless `tf32` allows TF32.  Call
/// before the first use of the device.
void compute_reproducibly(const c10::Device& device, bool tf32 = false);

/// Returns when all that the model has asked of the device is done, before a clock is read: of its current
/// stream, since collectives that were started travel on streams of their own.
void synchronize(const c10::Device& device);

/// Returns when the device was done with what it was asked for before the mark: on a CPU the time of the
/// mark; on a GPU that of an event in the current stream, which is waited for when it is asked.
using Moment = std::function<std::chrono::steady_clock::time_point()>;
/// Makes a clock: each call marks a moment and holds nothing up.  A GPU's is right to 0.1 ms in half an hour.
std::function<Moment()> clock_of(const c10::Device& device);

/// Bytes of a GPU's memory.  `allocated` and the peaks are the caching allocator's, as PyTorch reports them.
struct Memory {
  std::uint64_t allocated = 0;  ///< by the tensors that exist now
  std::uint64_t peak_allocated = 0;
  std::uint64_t peak_reserved = 0;
  std::uint64_t used = 0;  ///< by all processes, now
  std::uint64_t total = 0;
};
/// Reads a GPU's memory; nothing for a CPU.
std::optional<Memory> memory(const c10::Device& device);
void reset_peak_memory(const c10::Device& device);

/// A GPU as reports describe it.
struct Description {
  std::string name;
  std::string compute_capability;  ///< "9.0"
  std::uint64_t memory_bytes = 0;
  /// The driver's version, from NVML; if empty, `nvml_absence` says why.
  std::string driver;
  std::string cuda, cudnn, nccl;  ///< versions of the libraries; empty where one is not loaded
  std::optional<double> celsius, power_watts, sm_clock_hertz;
  std::string nvml_absence;
};
/// Describes a GPU; nothing for a CPU.
std::optional<Description> describe(const c10::Device& device);

}  // namespace isoframe::model::device
