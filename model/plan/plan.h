#pragma once
// A generation before it is run: what each rank holds, computes and moves.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/parallel/predicted_traffic.h"
#include "model/parallel/split.h"
#include "model/plan/account.h"
#include "model/plan/model.h"

namespace isoframe::model::plan {

/// "image", "text", "encode", "denoise" or "decode", as the pipelines name them.
struct StagePlan {
  std::string name;
  Work work;
  std::int64_t peak_bytes = 0;  ///< of tensors; what earlier stages left is among them
  parallel::PredictedTraffic traffic;
};

struct RankPlan {
  int rank = 0;
  parallel::Range video_tokens;
  parallel::Range heads;  ///< in attention
  std::int64_t decode_tiles = 0;
  std::int64_t encode_tiles = 0;
  std::map<std::string, std::int64_t> weight_numbers;  ///< by part
  /// Convolutions' weights packed for the CPU, and weights that are converted because the files have another
  /// type: tensors that live as long as the program.
  std::int64_t resident_bytes = 0;
  std::vector<StagePlan> stages;  ///< in order of execution

  std::int64_t weights() const;  ///< numbers of all parts
  /// The most that tensors take, over all stages.
  std::int64_t peak_tensor_bytes() const;
};

/// Dtype of each part's files: used in place by a CPU where it is the machine's own dtype.
using FileDtypes = std::map<std::string, at::ScalarType>;

/// Plans each rank of the layout.  A part that `files` does not name has the machine's dtype.
std::vector<RankPlan> plan_generation(const ModelConfig& model, const Generation& generation,
                                      const Machine& machine, const FileDtypes& files = {});

}  // namespace isoframe::model::plan
