#include "harness/run/observed.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::run {

void look(const scenario::Case& spec, const worker::Observation& observation,
          const std::filesystem::path& directory, const RoundContext& context) {
  const RoundResult result = run_round(spec, directory, context, observation);
  if (result.status == RoundResult::Status::kInterrupted) throw RunError("interrupted");
  if (result.error) throw RunError(fmt::format("{}: {}", spec.name, result.error->message));
}

at::Tensor kept_tensor(const std::filesystem::path& directory, int rank) {
  return model::checkpoint::SafetensorsFile(worker::kept_file(directory, rank)).tensor("kept");
}

}  // namespace isoframe::harness::run
