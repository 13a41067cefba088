#pragma once
// Ranks started by a launcher that exists: torchrun, mpirun, srun, a script.

#include <string>
#include <vector>

namespace isoframe::harness::launch {

/// Takes a template such as "mpirun -n {ranks} {worker}" apart into words as a shell would ('...', "...",
/// \), but expanding nothing.  {ranks} is the number of ranks, {worker} the command of one of them: several
/// words where it stands alone, one quoted text inside a word.
std::vector<std::string> launcher_command(const std::string& launcher, int ranks,
                                          const std::vector<std::string>& worker);

/// Says what is wrong with a template; empty if nothing is.
std::string launcher_problem(const std::string& launcher);
/// Throws InputError for a template that is wrong or whose program is not on the PATH.
void check_launcher(const std::string& launcher);

}  // namespace isoframe::harness::launch
