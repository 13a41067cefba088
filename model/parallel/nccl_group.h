#pragma once
// A group over c10d's ProcessGroupNCCL for CUDA tensors, with Gloo beside it for barriers.

#include <memory>

#include <c10/core/Device.h>

#include "model/parallel/gloo_group.h"

namespace isoframe::model::parallel {

/// Like make_gloo_group(); `device` is the rank's own GPU.  NCCL chooses its interface itself, or by
/// NCCL_SOCKET_IFNAME.  Waits block this thread, and give up after the timeout, as Gloo's do.  Throws
/// InputError in a build without CUDA.
std::shared_ptr<Group> make_nccl_group(const Member& member, const c10::intrusive_ptr<c10d::Store>& store,
                                       const GlooOptions& options, const c10::Device& device);

}  // namespace isoframe::model::parallel
