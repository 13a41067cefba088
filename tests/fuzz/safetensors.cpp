// Any bytes as a safetensors file: refused with a clear error, or every byte of every tensor can be read.

#include "model/checkpoint/safetensors.h"

#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "tests/fuzz/fuzz.h"

namespace {

/// A file in memory.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : descriptor_(::memfd_create("fuzz", 0)) {
    if (descriptor_ < 0 || ::write(descriptor_, data, size) != static_cast<ssize_t>(size))
      throw std::runtime_error("no memory file");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  isoframe::fuzz::expect_clear_error([&] {
    const isoframe::model::checkpoint::SafetensorsFile safetensors(file.path());
    std::uint64_t sum = 0;
    for (const auto& spec : safetensors.specs()) {
      const at::Tensor tensor = safetensors.tensor(spec.name);
      const auto* bytes = static_cast<const volatile std::uint8_t*>(tensor.const_data_ptr());
      for (std::size_t i = 0; i < tensor.nbytes(); ++i) sum += bytes[i];
    }
    (void)sum;
  });
  return 0;
}
