#pragma once
// A rank: meets the others, loads, warms up, measures generations, leaves their records.

#include <filesystem>

namespace isoframe::harness::worker {

/// Does once what the job says, as a rank that a launcher has started: all check that they have been given
/// the same.  Writes rank-<r>.json, and on rank 0 frames.safetensors and latents.safetensors, into the job's
/// directory.  Throws InputError or RunError, having left why (job.h).
void run_worker(const std::filesystem::path& job_file);

/// Answers the harness (harness/engine/README.md) until it asks no more.  Leaves the same files in each
/// request's directory.  Throws the InputError or RunError that the last answer told.
void serve();

}  // namespace isoframe::harness::worker
