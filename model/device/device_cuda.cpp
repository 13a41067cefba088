// A build with CUDA.  It runs without a GPU too, on cpu.

#include "model/device/device.h"

#include <cstdlib>
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <memory>
#include <string>

#include <ATen/Context.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <fmt/format.h>

#include "base/error.h"
#include "model/device/nvml.h"

namespace isoframe::model::device {

namespace {

constexpr int kAllocatorTotal = 0;  // of c10::CachingAllocator::StatType: all pools together

/// The runtime's words; "no CUDA-capable device is detected" is the common one.
void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw RunError(fmt::format("CUDA: {} failed: {}", what, cudaGetErrorString(status)));
}

int visible_devices() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return count;
  cudaGetLastError();
  // The runtime's message would speak of an old driver if there is none.
  int driver = 0;
  const bool has_driver = cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0;
  throw InputError(fmt::format("device 'cuda': this machine shows no GPU ({}); use device cpu",
                               !has_driver             ? "no NVIDIA driver is installed"
                               : status == cudaSuccess ? "CUDA_VISIBLE_DEVICES hides them"
                                                       : cudaGetErrorString(status)));
}

std::shared_ptr<at::cuda::CUDAEvent> marked_event() {
  auto event = std::make_shared<at::cuda::CUDAEvent>(cudaEventDefault);
  event->record();
  return event;
}

std::string bus_id_of(const c10::Device& device) {
  std::string id(32, '\0');
  check(cudaDeviceGetPCIBusId(id.data(), static_cast<int>(id.size()), device.index()), "asking for a bus id");
  return id.c_str();
}

std::string cuda_version() {
  int version = 0;
  check(cudaRuntimeGetVersion(&version), "asking for the runtime's version");
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

std::string cudnn_version() {
  const auto& hooks = at::detail::getCUDAHooks();
  return hooks.hasCuDNN() ? std::to_string(hooks.versionRuntimeCuDNN()) : "";
}

/// NCCL comes with LibTorch's libraries, which do not hand on its header.
std::string nccl_version() {
  const auto version_of = reinterpret_cast<int (*)(int*)>(::dlsym(RTLD_DEFAULT, "ncclGetVersion"));
  int version = 0;
  if (version_of == nullptr || version_of(&version) != 0) return "";
  return fmt::format("{}.{}.{}", version / 10000, version % 10000 / 100, version % 100);
}

}  // namespace

void check_available(const std::string& name, int ranks_here) {
  if (name == "cpu" || ranks_here == 0) return;
  const int devices = visible_devices();
  if (devices < ranks_here)
    throw InputError(
        fmt::format("device 'cuda': {} ranks need a GPU each, this machine shows {}", ranks_here, devices));
}

std::string of_machine() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0) return "cuda";
  cudaGetLastError();
  return "cpu";
}

c10::Device take(const std::string& name, int local_rank) {
  if (name == "cpu") return c10::Device(c10::kCPU);
  const int devices = visible_devices();
  // srun --gpus-per-task=1 and its like show each rank its own GPU alone, through this variable.
  const bool has_its_own = devices == 1 && std::getenv("CUDA_VISIBLE_DEVICES") != nullptr;
  const int index = has_its_own ? 0 : local_rank;
  if (index >= devices) {
    throw InputError(
        fmt::format("device 'cuda': rank {} of this machine finds {} GPU{}; one process needs one GPU each",
                    local_rank, devices, devices == 1 ? "" : "s"));
  }
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
  c10::cuda::set_device(device.index());
  return device;
}

std::string name_of(const c10::Device& device) {
  return device.is_cuda() ? "GPU " + bus_id_of(device) : "cpu";
}

void compute_reproducibly(const c10::Device& device, bool tf32) {
  if (!device.is_cuda()) return;
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  at::Context& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  // Deterministic algorithms fill every new tensor, which costs time; no tensor here is read before it is
  // written.
  context.setDeterministicFillUninitializedMemory(false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuBLAS(tf32);
  context.setAllowTF32CuDNN(tf32);
}

void synchronize(const c10::Device& device) {
  if (!device.is_cuda()) return;
  check(cudaStreamSynchronize(c10::cuda::getCurrentCUDAStream(device.index())), "waiting for the device");
}

std::function<Moment()> clock_of(const c10::Device& device) {
  using Clock = std::chrono::steady_clock;
  if (!device.is_cuda()) return [] { return [time = Clock::now()] { return time; }; };
  synchronize(device);
  // Events know only the time between two of them.
  const auto origin = marked_event();
  origin->synchronize();
  return [origin, host_origin = Clock::now()] {
    return [origin, host_origin, event = marked_event()] {
      event->synchronize();
      const std::chrono::duration<double, std::milli> since(origin->elapsed_time(*event));
      return host_origin + std::chrono::duration_cast<Clock::duration>(since);
    };
  };
}

std::optional<Memory> memory(const c10::Device& device) {
  if (!device.is_cuda()) return std::nullopt;
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for memory");
  const auto statistics = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
  return Memory{
      .allocated = static_cast<std::uint64_t>(statistics.allocated_bytes[kAllocatorTotal].current),
      .peak_allocated = static_cast<std::uint64_t>(statistics.allocated_bytes[kAllocatorTotal].peak),
      .peak_reserved = static_cast<std::uint64_t>(statistics.reserved_bytes[kAllocatorTotal].peak),
      .used = total - free,
      .total = total};
}

void reset_peak_memory(const c10::Device& device) {
  if (device.is_cuda()) c10::cuda::CUDACachingAllocator::resetPeakStats(device.index());
}

std::optional<Description> describe(const c10::Device& device) {
  if (!device.is_cuda()) return std::nullopt;
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device.index()), "asking for the device's properties");
  Description result;
  result.name = properties.name;
  result.compute_capability = fmt::format("{}.{}", properties.major, properties.minor);
  result.memory_bytes = properties.totalGlobalMem;
  result.cuda = cuda_version();
  result.cudnn = cudnn_version();
  result.nccl = nccl_version();
  add_nvml(bus_id_of(device), result);
  return result;
}

}  // namespace isoframe::model::device
