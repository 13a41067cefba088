#pragma once
// A round outside any suite, as `generate` and `trace` run one.

#include <atomic>
#include <filesystem>

#include "harness/scenario/case.h"
#include "harness/worker/observation.h"

namespace isoframe::harness::run {

/// Runs a round of the settled case, or one observation of it, with its progress on the terminal, in a folder
/// inside `out`, which is made if it is missing; it begins with `noise`, a latents.safetensors, if there is
/// one.  Returns that folder, to be emptied and removed.  Throws InputError before loading for what cannot be
/// done, RunError when a rank failed or the run was interrupted; bad input and Ctrl-C leave nothing behind,
/// after an error the ranks' own logs stay.
std::filesystem::path lone_round(const scenario::Case& spec, const std::filesystem::path& out,
                                 const std::atomic<bool>* interrupted,
                                 const worker::Observation& observation = {},
                                 const std::filesystem::path& noise = {});

}  // namespace isoframe::harness::run
