#define USE_C10D_NCCL
#include "model/parallel/nccl_group.h"

#include <utility>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

namespace isoframe::model::parallel {

std::shared_ptr<Group> make_nccl_group(const Member& member, const c10::intrusive_ptr<c10d::Store>& store,
                                       const GlooOptions& options, const c10::Device& device) {
  using c10d::PrefixStore;
  using c10d::ProcessGroupNCCL;
  const auto control = make_gloo_backend(member, c10::make_intrusive<PrefixStore>("control", store), options);
  c10::intrusive_ptr<ProcessGroupNCCL> nccl;
  explain_failure(member, "meeting", options.patience, [&] {
    auto settings = ProcessGroupNCCL::Options::create();
    settings->timeout = options.timeout;
    nccl = c10::make_intrusive<ProcessGroupNCCL>(c10::make_intrusive<PrefixStore>("nccl", store), member.rank,
                                                 member.size, std::move(settings));
    nccl->setBoundDeviceId(device);
    // All members come here together; in a collective in which some have nothing to send they may not.
    nccl->eagerConnectSingleDevice(device);
  });
  return make_backend_group(
      member,
      {.tensors = nccl, .control = control, .coalesces = true, .is_stream_ordered = true, .device = device},
      options.timeout);
}

}  // namespace isoframe::model::parallel
