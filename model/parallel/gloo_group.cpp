#define USE_C10D_GLOO
#include "model/parallel/gloo_group.h"

#include <csignal>
#include <utility>

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "model/device/device.h"

namespace isoframe::model::parallel {

namespace {

using c10d::ProcessGroupGloo;

std::shared_ptr<gloo::transport::Device> device_for(const std::string& interface) {
  return interface.empty() ? ProcessGroupGloo::createDefaultDevice()
                           : ProcessGroupGloo::createDeviceForInterface(interface);
}

/// Gloo writes to its peers' sockets without MSG_NOSIGNAL: where a peer has just gone, SIGPIPE would end this
/// rank before it can say which peer it lost.  A handler that somebody installed stays.
void ignore_broken_pipes() {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const Member& member,
                                                    const c10::intrusive_ptr<c10d::Store>& store,
                                                    const GlooOptions& options) {
  ignore_broken_pipes();
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
                                       const GlooOptions& options, const c10::Device& device) {
  const c10::intrusive_ptr<c10d::Backend> gloo = make_gloo_backend(member, store, options);
  return make_backend_group(
      member,
      {.tensors = gloo, .control = gloo, .device = device, .clock = device::clock_of(c10::Device(c10::kCPU))},
      options.timeout);
}

}  // namespace isoframe::model::parallel
