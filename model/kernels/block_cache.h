#pragma once
// Blocks of memory that are kept after use: the caching allocator without LibTorch.

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>

#include "model/kernels/memory_statistics.h"

namespace isoframe::model::kernels {

/// Thread-safe.  Small blocks are the C library's, which keeps those itself; large ones come from size
/// classes an eighth of a power of two apart and are kept for requests that fill at least four fifths of
/// them.
///
/// What is reserved stays within a quarter (and 64 MiB) above the most that was ever in use: beyond that, the
/// blocks that lay unused longest go back first.
class BlockCache {
 public:
  static constexpr std::size_t kAlignment = 64;
  static constexpr std::size_t kSmallestCached = std::size_t{1} << 16U;

  BlockCache() = default;
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  /// Aligned to kAlignment; null for 0 bytes.  Throws std::bad_alloc.
  void* allocate(std::size_t bytes);
  void deallocate(void* data);

  MemoryStatistics statistics() const;
  void reset_peak();
  void release();

 private:
  struct Header;
  using Kept = std::list<Header*>;  ///< the one unused longest in front

  Header* take_kept(std::size_t capacity);
  Header* reserve(std::size_t capacity);
  void free_block(Header* block);
  void shrink_to(std::uint64_t limit);

  mutable std::mutex mutex_;
  Kept kept_;
  std::multimap<std::size_t, Kept::iterator> kept_by_capacity_;
  std::uint64_t in_use_ = 0;  ///< capacity of the blocks in use
  std::uint64_t most_in_use_ = 0;
  MemoryStatistics statistics_;
};

}  // namespace isoframe::model::kernels
