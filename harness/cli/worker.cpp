#include "harness/worker/worker.h"

#include <CLI/CLI.hpp>

#include "harness/cli/commands.h"
#include "harness/cli/options.h"

namespace isoframe::harness::cli {

void add_worker_command(CLI::App& program, int& exit_code) {
  auto job = std::make_shared<std::string>();
  CLI::App* command = program.add_subcommand(
      "worker", "One rank; what `run` starts, or a launcher, with RANK and WORLD_SIZE in its environment");
  add_path(*command, "job", *job,
           "The job file that `run` or `generate` wrote for a launcher (default: asked through a socket)");
  command->callback([job, &exit_code] {
    if (job->empty()) {
      worker::serve();
    } else {
      worker::run_worker(*job);
    }
    exit_code = 0;
  });
}

}  // namespace isoframe::harness::cli
