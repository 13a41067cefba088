#pragma once
// This process's number among the ranks, read from the variables that its launcher has set.

#include <optional>
#include <string>

namespace isoframe::model::parallel {

struct RankOfWorld {
  int rank = 0;
  int world_size = 1;
  int local_rank = 0;        ///< among the ranks of this machine: which accelerator is its own
  bool one_machine = false;  ///< the launcher says that all ranks are here
  /// A name that all ranks of one launch share and no others, if the launcher gives one; else empty.
  std::string launch_id;
};

/// RANK and WORLD_SIZE (isoframe, torchrun), else OMPI_COMM_WORLD_* (Open MPI) or PMI_* (MPICH, Intel MPI),
/// else SLURM_* (srun): within a Slurm job mpirun is itself started by srun, so its word is the nearer one.
/// Throws InputError when none is set, half of a pair is missing, or the values make no sense.
RankOfWorld rank_from_environment();

/// An environment variable; nothing where it is unset or empty, or `name` is null.
std::optional<std::string> environment_variable(const char* name);
/// Throws InputError where `text`, the value of `name`, is no integer in the range.
int environment_integer(const char* name, const std::string& text, int lowest, int highest);

}  // namespace isoframe::model::parallel
