#include "model/kernels/caching_allocator.h"

#include <c10/core/CPUAllocator.h>

#include "model/kernels/block_cache.h"

namespace isoframe::model::kernels {

namespace {

// The cache is never destroyed, because tensors of static lifetime may outlive everything else.
BlockCache& cache() {
  static auto* const instance = new BlockCache();
  return *instance;
}

class CachingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    void* const data = cache().allocate(bytes);
    return {data, data, &free, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free; }
  void copy_data(void* target, const void* source, std::size_t bytes) const override {
    default_copy_data(target, source, bytes);
  }

 private:
  static void free(void* data) { cache().deallocate(data); }
};

}  // namespace

void install_caching_allocator() {
  static auto* const allocator = new CachingAllocator();
  c10::SetCPUAllocator(allocator, /*priority=*/1);
}

MemoryStatistics memory_statistics() { return cache().statistics(); }
void reset_peak_memory() { cache().reset_peak(); }
void release_cached_memory() { cache().release(); }

}  // namespace isoframe::model::kernels
