#include "model/kernels/block_cache.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <iterator>
#include <new>
#include <sys/mman.h>

namespace isoframe::model::kernels {

namespace {

constexpr std::size_t kHugePage = std::size_t{1} << 21U;
constexpr std::uint64_t kSlack = std::uint64_t{64} << 20U;

// The size class of a block.  Classes are an eighth of a power of two apart and hold whole pages.
std::size_t class_of(std::size_t bytes) {
  const std::size_t step = std::max<std::size_t>(4096, std::bit_floor(bytes) / 8);
  return (bytes + step - 1) / step * step;
}

}  // namespace

// Lies before the data and takes one alignment unit.
struct BlockCache::Header {
  std::size_t capacity;  ///< of the whole block, this header included
  std::size_t requested;
  void* data() { return reinterpret_cast<std::byte*>(this) + kAlignment; }
  static Header* of(void* data) {
    return reinterpret_cast<Header*>(static_cast<std::byte*>(data) - kAlignment);
  }
};

BlockCache::~BlockCache() { release(); }

void* BlockCache::allocate(std::size_t bytes) {
  static_assert(sizeof(Header) <= kAlignment);
  if (bytes == 0) return nullptr;
  if (bytes > SIZE_MAX - 2 * kHugePage) throw std::bad_alloc();
  const std::size_t needed = bytes + kAlignment;
  const std::lock_guard lock(mutex_);
  Header* block = nullptr;
  if (needed < kSmallestCached) {
    block = reserve((needed + kAlignment - 1) / kAlignment * kAlignment);
  } else {
    const std::size_t capacity = class_of(needed);
    block = take_kept(capacity);
    if (block == nullptr) block = reserve(capacity);
  }
  block->requested = bytes;
  in_use_ += block->capacity;
  most_in_use_ = std::max(most_in_use_, in_use_);
  statistics_.live += bytes;
  statistics_.peak = std::max(statistics_.peak, statistics_.live);
  return block->data();
}

void BlockCache::deallocate(void* data) {
  if (data == nullptr) return;
  Header* const block = Header::of(data);
  const std::lock_guard lock(mutex_);
  statistics_.live -= block->requested;
  in_use_ -= block->capacity;
  if (block->capacity < kSmallestCached) {
    free_block(block);
    return;
  }
  const auto place = kept_.insert(kept_.end(), block);
  kept_by_capacity_.emplace(block->capacity, place);
}

BlockCache::Header* BlockCache::take_kept(std::size_t capacity) {
  const auto smallest = kept_by_capacity_.lower_bound(capacity);
  if (smallest == kept_by_capacity_.end() || smallest->first > capacity + capacity / 4) return nullptr;
  // Among equal blocks it takes the one freed last, whose memory may still be in the processor's caches.
  const auto found = std::prev(kept_by_capacity_.upper_bound(smallest->first));
  Header* const block = *found->second;
  kept_.erase(found->second);
  kept_by_capacity_.erase(found);
  return block;
}

BlockCache::Header* BlockCache::reserve(std::size_t capacity) {
  const std::uint64_t most = std::max<std::uint64_t>(most_in_use_, in_use_ + capacity);
  const std::uint64_t limit = most + most / 4 + kSlack;
  shrink_to(limit > capacity ? limit - capacity : 0);
  const std::size_t alignment = capacity >= kHugePage ? kHugePage : kAlignment;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, capacity) != 0) {
    shrink_to(0);
    if (posix_memalign(&memory, alignment, capacity) != 0) throw std::bad_alloc();
  }
  // Only a wish: one fault for 2 MiB in place of 512.
  if (capacity >= kHugePage) madvise(memory, capacity, MADV_HUGEPAGE);
  statistics_.reserved += capacity;
  return new (memory) Header{capacity, 0};
}

void BlockCache::free_block(Header* block) {
  statistics_.reserved -= block->capacity;
  std::free(block);
}

// Gives kept blocks back until no more than `limit` bytes are reserved, or none is kept.
void BlockCache::shrink_to(std::uint64_t limit) {
  while (statistics_.reserved > limit && !kept_.empty()) {
    Header* const block = kept_.front();
    auto entry = kept_by_capacity_.lower_bound(block->capacity);
    while (entry->second != kept_.begin()) ++entry;
    kept_by_capacity_.erase(entry);
    kept_.pop_front();
    free_block(block);
  }
}

MemoryStatistics BlockCache::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

void BlockCache::reset_peak() {
  const std::lock_guard lock(mutex_);
  statistics_.peak = statistics_.live;
}

void BlockCache::release() {
  const std::lock_guard lock(mutex_);
  shrink_to(0);
}

}  // namespace isoframe::model::kernels
