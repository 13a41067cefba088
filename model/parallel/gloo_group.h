#pragma once
// A group over c10d's ProcessGroupGloo: CPU tensors of any dtype.

#include <chrono>
#include <memory>
#include <string>

#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include "model/parallel/backend_group.h"

namespace c10d {
class Store;
}

namespace isoframe::model::parallel {

struct GlooOptions {
  /// Time that a rank waits for its peers in each collective.
  std::chrono::milliseconds timeout = std::chrono::minutes(30);
  /// Time that it waits for them when a group is made.
  std::chrono::milliseconds patience = std::chrono::minutes(1);
  /// Network interface; empty: the one that this machine's host name resolves to.
  std::string interface = "lo";
};

/// Meets the other members through `store`, which must be the group's own (a PrefixStore).  Blocks until all
/// have come; throws RunError when one has not within the patience.
/// From then on SIGPIPE is ignored in this process, unless it has a handler of its own.
c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const Member& member,
                                                    const c10::intrusive_ptr<c10d::Store>& store,
                                                    const GlooOptions& options);
/// The group's barriers wait for what was asked of `device`, where this rank computes.
std::shared_ptr<Group> make_gloo_group(const Member& member, const c10::intrusive_ptr<c10d::Store>& store,
                                       const GlooOptions& options,
                                       const c10::Device& device = c10::Device(c10::kCPU));

}  // namespace isoframe::model::parallel
