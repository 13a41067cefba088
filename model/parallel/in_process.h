#pragma once
// A world of ranks inside one process, one thread a rank: real Gloo groups over an in-memory store.

#include <chrono>
#include <functional>

#include "model/parallel/mesh.h"

namespace isoframe::model::parallel {

/// Runs `body` on `world_size` threads at once, each with its own Rendezvous, one intra-op thread and
/// c10::InferenceMode, and waits for all.  When ranks throw, the first exception is rethrown: those of the
/// others are usually that they lost a peer.  `timeout` bounds each wait for a peer.
void run_in_threads(int world_size, const std::function<void(Rendezvous&)>& body,
                    std::chrono::milliseconds timeout = std::chrono::seconds(60));

}  // namespace isoframe::model::parallel
