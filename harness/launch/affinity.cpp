#include "harness/launch/affinity.h"

#include <dlfcn.h>
#include <vector>

namespace isoframe::harness::launch {

namespace {

/// A function of the OpenMP library that is loaded, if one is: no header belongs to LibTorch's.
template <typename Function>
Function* openmp(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

/// The cores of all of OpenMP's places; none where it pins nothing.
cpu_set_t places() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const auto count = openmp<int()>("omp_get_num_places");
  const auto size_of = openmp<int(int)>("omp_get_place_num_procs");
  const auto ids_of = openmp<void(int, int*)>("omp_get_place_proc_ids");
  if (count == nullptr || size_of == nullptr || ids_of == nullptr) return cores;
  for (int place = 0; place < count(); ++place) {
    std::vector<int> ids(static_cast<std::size_t>(size_of(place)));
    ids_of(place, ids.data());
    for (const int id : ids) CPU_SET(static_cast<std::size_t>(id), &cores);
  }
  return cores;
}

}  // namespace

cpu_set_t usable_cores() {
  cpu_set_t cores = places();
  if (CPU_COUNT(&cores) == 0) ::sched_getaffinity(0, sizeof(cores), &cores);
  return cores;
}

}  // namespace isoframe::harness::launch
