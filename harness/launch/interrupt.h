#pragma once
// Ctrl-C: asked once, a run ends in good order; asked again, it ends.

#include <atomic>

namespace isoframe::harness::launch {

/// Lets SIGINT, SIGTERM and, unless it is ignored, SIGHUP set the flag that is returned, and interrupt
/// blocking calls.  One that comes more than a second after the first has its default action and ends the
/// process, and with it its ranks.
const std::atomic<bool>& catch_interrupts();

}  // namespace isoframe::harness::launch
