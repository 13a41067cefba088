#include "harness/launch/variables.h"

#include <algorithm>
#include <array>
#include <unistd.h>

namespace isoframe::harness::launch {

namespace {

struct Rule {
  std::string_view beginning;  ///< of the variables' names
  Influence influence;
};

// The first rule that fits decides.
constexpr std::array kRules = {
    // Ranks set their own number of threads, and find their GPU, whose model is compared, by it.
    Rule{"OMP_NUM_THREADS", Influence::kNone},
    Rule{"MKL_NUM_THREADS", Influence::kNone},
    Rule{"CUDA_VISIBLE_DEVICES", Influence::kNone},
    Rule{"CUDA_HOME", Influence::kNone},
    Rule{"CUDA_PATH", Influence::kNone},
    Rule{"TORCH_CPP_LOG_LEVEL", Influence::kNone},
    Rule{"TORCH_HOME", Influence::kNone},
    Rule{"NCCL_DEBUG", Influence::kNone},
    // Products of MKL then depend on the number of rows, which layouts share out.
    Rule{"MKL_CBWR", Influence::kBreaking},
    // Sums are cut by the number of threads, which then varies from call to call.
    Rule{"OMP_DYNAMIC", Influence::kBreaking},
    Rule{"MKL_DYNAMIC", Influence::kBreaking},
    Rule{"OMP_THREAD_LIMIT", Influence::kBreaking},
    // All ranks of a machine would share the cores that these name.
    Rule{"GOMP_CPU_AFFINITY", Influence::kBreaking},
    Rule{"KMP_AFFINITY", Influence::kBreaking},
    Rule{"OMP_PLACES", Influence::kBreaking},
    Rule{"OMP_PROC_BIND", Influence::kBreaking},
    // Kernels, instruction sets, precision, libraries put before others, allocators, transports.
    Rule{"ATEN_", Influence::kRecorded},
    Rule{"CUBLAS", Influence::kRecorded},
    Rule{"CUDA_", Influence::kRecorded},
    Rule{"CUDNN_", Influence::kRecorded},
    Rule{"DNNL_", Influence::kRecorded},
    Rule{"GLIBC_TUNABLES", Influence::kRecorded},
    Rule{"GLOO_", Influence::kRecorded},
    Rule{"GOMP_", Influence::kRecorded},
    Rule{"KMP_", Influence::kRecorded},
    Rule{"LD_PRELOAD", Influence::kRecorded},
    Rule{"MALLOC_", Influence::kRecorded},
    Rule{"MKL_", Influence::kRecorded},
    Rule{"NCCL_", Influence::kRecorded},
    Rule{"NVIDIA_TF32_OVERRIDE", Influence::kRecorded},
    Rule{"OMP_", Influence::kRecorded},
    Rule{"ONEDNN_", Influence::kRecorded},
    Rule{"PYTORCH_", Influence::kRecorded},
    Rule{"TORCH_", Influence::kRecorded},
};

}  // namespace

Influence influence_of(std::string_view variable) {
  const auto rule =
      std::ranges::find_if(kRules, [&](const Rule& one) { return variable.starts_with(one.beginning); });
  return rule == kRules.end() ? Influence::kNone : rule->influence;
}

Variables influential_variables() {
  Variables found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t end = text.find('=');
    if (end == std::string_view::npos) continue;
    const std::string name(text.substr(0, end));
    const Influence influence = influence_of(name);
    if (influence == Influence::kRecorded) found.recorded[name] = text.substr(end + 1);
    if (influence == Influence::kBreaking) found.cleared.push_back(name);
  }
  std::ranges::sort(found.cleared);
  return found;
}

}  // namespace isoframe::harness::launch
