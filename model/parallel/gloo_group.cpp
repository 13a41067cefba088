#define USE_C10D_GLOO
#include "model/parallel/gloo_group.h"

#include <utility>

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace isoframe::model::parallel {

namespace {

using c10d::ProcessGroupGloo;

std::shared_ptr<gloo::transport::Device> device_for(const std::string& interface) {
  return interface.empty() ? ProcessGroupGloo::createDefaultDevice()
                           : ProcessGroupGloo::createDeviceForInterface(interface);
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const Member& member,
                                                    const c10::intrusive_ptr<c10d::Store>& store,
                                                    const GlooOptions& options) {
  c10::intrusive_ptr<ProcessGroupGloo> result;
  explain_failure(member, "meeting", options.patience, [&] {
    auto gloo = ProcessGroupGloo::Options::create(options.patience);
    gloo->devices.push_back(device_for(options.interface));
    gloo->threads = 1;  // one collective at a time, and this thread waits for it
    store->setTimeout(options.patience);
    result = c10::make_intrusive<ProcessGroupGloo>(store, member.rank, member.size, std::move(gloo));
    result->setTimeout(options.timeout);
  });
  return result;
}

std::shared_ptr<Group> make_gloo_group(const Member& member, const c10::intrusive_ptr<c10d::Store>& store,
                                       const GlooOptions& options) {
  const c10::intrusive_ptr<c10d::Backend> gloo = make_gloo_backend(member, store, options);
  return make_backend_group(member, {.tensors = gloo, .control = gloo}, options.timeout);
}

}  // namespace isoframe::model::parallel
