#pragma once
// The part of the pipeline that layouts split, on a drawn case: denoise, then tiled decode.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "drawn_case.h"
#include "model/checkpoint/parameters.h"
#include "model/parallel/mesh.h"
#include "model/parallel/predicted_traffic.h"
#include "model/parallel/sequence_parallel.h"

namespace isoframe::layouts {

/// What one rank has in the end.
struct Generation {
  std::vector<at::Tensor> step_latents;
  at::Tensor frames;                          ///< undefined where the VAEPP group's rank 0 has them
  model::parallel::PredictedTraffic traffic;  ///< measured; what moved nothing is left out
};

using MakeSequence =
    std::function<std::unique_ptr<model::parallel::SequenceParallel>(const model::parallel::Mesh&)>;

std::unique_ptr<model::parallel::SequenceParallel> make_sound_sequence(const model::parallel::Mesh& mesh);

Generation generate(const DrawnCase& drawn, const model::parallel::Mesh& mesh,
                    model::checkpoint::ParameterSource& parameters,
                    const MakeSequence& make_sequence = make_sound_sequence);

/// On one rank, the thread's own.
Generation generate_alone(const DrawnCase& drawn, model::checkpoint::ParameterSource& parameters);

/// Under the drawn layout, a thread a rank: by rank.  `change_mesh` may put a faulty group into a rank's
/// mesh.
std::vector<Generation> generate_parallel(
    const DrawnCase& drawn, model::checkpoint::ParameterSource& parameters,
    const MakeSequence& make_sequence = make_sound_sequence,
    const std::function<void(model::parallel::Mesh&)>& change_mesh = [](model::parallel::Mesh&) {});

/// Empty when every rank's latents after every step, and rank 0's frames, equal `alone` bit for bit; else
/// the first difference.
std::string difference(const Generation& alone, const std::vector<Generation>& ranks);

/// Empty when latents and frames are within the layout's bound of `alone`, and every rank's latents equal
/// rank 0's bit for bit; else the first that are not.
std::string excess(const DrawnCase& drawn, const Generation& alone, const std::vector<Generation>& ranks);

}  // namespace isoframe::layouts
