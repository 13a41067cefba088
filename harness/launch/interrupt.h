#pragma once
// Ctrl-C: asked once, a run ends in good order; asked twice, it ends.

#include <atomic>

namespace isoframe::harness::launch {

/// Lets SIGINT and SIGTERM set the flag that is returned, and interrupt blocking calls.  Each does so
/// once: the same signal again has its default action and ends the process, and with it its ranks.
const std::atomic<bool>& catch_interrupts();

}  // namespace isoframe::harness::launch
