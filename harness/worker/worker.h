#pragma once
// One rank of one round: loads, warms up, measures one generation, leaves its record.

#include <filesystem>

namespace isoframe::harness::worker {

/// Reads the job, meets the other ranks, checks that all have been given the same, and runs.  Writes
/// rank-<r>.json, and on rank 0 frames.safetensors and latents.safetensors, into the job's directory.  Throws
/// InputError or RunError; a rank that a launcher has started also leaves why (see job.h).
void run_worker(const std::filesystem::path& job_file);

}  // namespace isoframe::harness::worker
