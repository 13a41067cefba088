#define USE_C10D_NCCL
#include "model/parallel/nccl_group.h"

#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

namespace isoframe::model::parallel {

namespace {

/// Sends every member a number, so that the connection of each pair, which NCCL makes when it is first used,
/// is there before anything is measured.
void connect_all(Group& group, const c10::Device& device) {
  const std::vector<at::Tensor> numbers(group.size(), at::zeros({1}, at::TensorOptions(device)));
  group.all_to_all(numbers, std::vector<std::vector<std::int64_t>>(group.size(), {1}));
  group.barrier();
  group.reset_traffic();
}

}  // namespace

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
  const std::shared_ptr<Group> group = make_backend_group(
      member,
      {.tensors = nccl, .control = control, .coalesces = true, .is_stream_ordered = true, .device = device},
      options.timeout);
  connect_all(*group, device);
  return group;
}

}  // namespace isoframe::model::parallel
