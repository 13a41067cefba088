#include "harness/run/rank_processes.h"

#include <map>
#include <string>

namespace isoframe::harness::run {

namespace {

/// Environment variables that give a rank its threads.
std::map<std::string, std::string> thread_variables(const scenario::Case& spec) {
  // libgomp's threads spin between parallel regions; with more ranks than cores that starves the others.
  return {{"OMP_NUM_THREADS", std::to_string(spec.threads_per_rank)},
          {"MKL_NUM_THREADS", std::to_string(spec.threads_per_rank)},
          {"OMP_WAIT_POLICY", "PASSIVE"}};
}

}  // namespace

launch::LocalJob processes_of(const scenario::Case& spec, const std::filesystem::path& program) {
  launch::LocalJob job;
  job.command = {program.string(), "worker"};
  job.world_size = spec.layout.world_size();
  if (spec.program) {
    job.command = spec.program->command;
    job.environment = spec.program->environment;
    if (spec.program->starts_ranks) {
      job.started_as = launch::StartedAs::kEngine;
      job.world_size = 1;
    }
  }
  job.environment.merge(thread_variables(spec));
  return job;
}

}  // namespace isoframe::harness::run
