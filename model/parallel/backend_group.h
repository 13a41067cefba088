#pragma once
// A group over c10d's backends: Gloo for CPU tensors, NCCL for CUDA tensors, one set of collectives for both.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "model/parallel/group.h"

namespace isoframe::model::parallel {

/// This rank's place in a group to be made.
struct Member {
  std::string name;    ///< of the group, for people
  int rank = 0;        ///< in the group
  int size = 0;        ///< of the group
  int world_rank = 0;  ///< for people: errors name it
};

/// A clock as device::clock_of makes it: a call marks a moment, whose own call waits for it.
using DeviceClock = std::function<std::function<std::chrono::steady_clock::time_point()>()>;

struct Backends {
  c10::intrusive_ptr<c10d::Backend> tensors;
  c10::intrusive_ptr<c10d::Backend> control;  ///< barriers: on the CPU, whatever the tensors are on
  bool coalesces = false;  ///< sends and receives that need each other must be posted as one (NCCL)
  /// True if works run in the order of the device's streams (NCCL): a wait holds up the current stream and
  /// not the process, time is taken on that stream, and limits are kept by the backend's own watchdog.
  bool is_stream_ordered = false;
  c10::Device device = c10::Device(c10::kCPU);
  /// Marks moments on the device's current stream; device::clock_of unless given.
  DeviceClock clock = {};
};

std::shared_ptr<Group> make_backend_group(Member member, Backends backends,
                                          std::chrono::milliseconds timeout);

/// Runs `call`; what it throws becomes a RunError that names rank, `what`, group and reason in one line.
void explain_failure(const Member& member, const char* what, std::chrono::milliseconds timeout,
                     const std::function<void()>& call);

}  // namespace isoframe::model::parallel
