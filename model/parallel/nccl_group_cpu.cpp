// A build without CUDA.

#include "model/parallel/nccl_group.h"

#include "base/error.h"
#include "model/device/device.h"

namespace isoframe::model::parallel {

std::shared_ptr<Group> make_nccl_group(const Member&, const c10::intrusive_ptr<c10d::Store>&,
                                       const GlooOptions&, const c10::Device&) {
  device::check_available("cuda");
  throw RunError("NCCL: this build has no CUDA");
}

}  // namespace isoframe::model::parallel
