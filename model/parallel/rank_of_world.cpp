#include "model/parallel/rank_of_world.h"

#include <array>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "base/error.h"
#include "model/parallel/layout.h"

namespace isoframe::model::parallel {

namespace {

/// The variables of one launcher.
struct Launcher {
  const char* rank;
  const char* world_size;
  const char* local_rank;
  const char* local_size;  ///< ranks of this machine; null where `machines` is told
  const char* machines;
  std::array<const char*, 2> launch_id;
  bool only_with_local_rank = false;  ///< without it the variables are another launcher's
};

constexpr std::array kLaunchers = {
    Launcher{"RANK",
             "WORLD_SIZE",
             "LOCAL_RANK",
             "LOCAL_WORLD_SIZE",
             nullptr,
             {"TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT"}},
    Launcher{"OMPI_COMM_WORLD_RANK",
             "OMPI_COMM_WORLD_SIZE",
             "OMPI_COMM_WORLD_LOCAL_RANK",
             "OMPI_COMM_WORLD_LOCAL_SIZE",
             nullptr,
             {"PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"}},
    // Hydra, the launcher of MPICH and Intel MPI.  Within a Slurm job srun starts its proxies, one a machine,
    // whose SLURM_PROCID all their ranks see.
    Launcher{"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS", nullptr, {}, true},
    Launcher{"SLURM_PROCID",
             "SLURM_NTASKS",
             "SLURM_LOCALID",
             nullptr,
             "SLURM_STEP_NUM_NODES",
             {"SLURM_JOB_ID", "SLURM_STEP_ID"}},
    Launcher{"PMI_RANK", "PMI_SIZE", nullptr, nullptr, nullptr, {}},
};

std::string launch_id_of(const Launcher& launcher) {
  std::string id;
  for (const char* name : launcher.launch_id)
    if (const auto value = environment_variable(name)) id += (id.empty() ? "" : ".") + *value;
  return id;
}

bool is_one_machine(const Launcher& launcher, int world_size) {
  if (launcher.machines == nullptr)
    return environment_variable(launcher.local_size) == std::to_string(world_size);
  return environment_variable(launcher.machines) == "1";
}

}  // namespace

std::optional<std::string> environment_variable(const char* name) {
  const char* value = name == nullptr ? nullptr : std::getenv(name);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

int environment_integer(const char* name, const std::string& text, int lowest, int highest) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < lowest || value > highest) {
    throw InputError(
        fmt::format("environment: {}='{}' is not an integer from {} to {}", name, text, lowest, highest));
  }
  return value;
}

RankOfWorld rank_from_environment() {
  for (const Launcher& launcher : kLaunchers) {
    const auto rank = environment_variable(launcher.rank);
    const auto size = environment_variable(launcher.world_size);
    if (!rank && !size) continue;
    if (launcher.only_with_local_rank && !environment_variable(launcher.local_rank)) continue;
    if (!rank || !size) {
      throw InputError(fmt::format("environment: {} is set but {} is not; a rank needs both",
                                   rank ? launcher.rank : launcher.world_size,
                                   rank ? launcher.world_size : launcher.rank));
    }
    RankOfWorld self;
    self.world_size = environment_integer(launcher.world_size, *size, 1, kMaxRanks);
    self.rank = environment_integer(launcher.rank, *rank, 0, self.world_size - 1);
    if (const auto local = environment_variable(launcher.local_rank))
      self.local_rank = environment_integer(launcher.local_rank, *local, 0, self.world_size - 1);
    self.one_machine = is_one_machine(launcher, self.world_size);
    self.launch_id = launch_id_of(launcher);
    return self;
  }
  throw InputError(
      "environment: neither RANK and WORLD_SIZE nor OMPI_COMM_WORLD_*, PMI_* or SLURM_* are set; start ranks "
      "by "
      "'isoframe run', torchrun, srun or mpirun");
}

}  // namespace isoframe::model::parallel
