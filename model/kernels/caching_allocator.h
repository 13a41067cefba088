#pragma once
// A CPU allocator that keeps its memory.
//
// The C library gives large blocks back to the kernel, so every large tensor begins with a page fault for
// each page: elementwise work then runs at 5 GB/s in place of 35 - 145.

#include "model/kernels/memory_statistics.h"

namespace isoframe::model::kernels {

/// Makes LibTorch allocate CPU tensors here.  Call once, before the first tensor of the program: a block of
/// another allocator must not be freed by this one.
void install_caching_allocator();

MemoryStatistics memory_statistics();

/// The peak begins again at what is live now.
void reset_peak_memory();

/// Gives the memory that no tensor uses back to the operating system.
void release_cached_memory();

}  // namespace isoframe::model::kernels
