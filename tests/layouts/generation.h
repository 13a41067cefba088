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

/// The results of one rank.
struct Generation {
  std::vector<at::Tensor> step_latents;
  at::Tensor frames;                          ///< undefined but on the VAEPP group's rank 0
  model::parallel::PredictedTraffic traffic;  ///< measured; collectives that moved nothing are left out
};

using MakeSequence =
    std::function<std::unique_ptr<model::parallel::SequenceParallel>(const model::parallel::Mesh&)>;

std::unique_ptr<model::parallel::SequenceParallel> make_sound_sequence(const model::parallel::Mesh& mesh);

Generation generate(const DrawnCase& drawn, const model::parallel::Mesh& mesh,
                    model::checkpoint::ParameterSource& parameters,
                    const MakeSequence& make_sequence = make_sound_sequence);

/// Generates on a single rank, the calling thread.
Generation generate_alone(const DrawnCase& drawn, model::checkpoint::ParameterSource& parameters);

/// Generates under the drawn layout with one thread a rank; returns the results by rank.  `change_mesh` may
/// put a faulty group into a rank's mesh.
std::vector<Generation> generate_parallel(
    const DrawnCase& drawn, model::checkpoint::ParameterSource& parameters,
    const MakeSequence& make_sequence = make_sound_sequence,
    const std::function<void(model::parallel::Mesh&)>& change_mesh = [](model::parallel::Mesh&) {});

/// Returns the first difference between `alone` and every rank's latents after every step and rank 0's
/// frames; empty if all are equal bit for bit.
std::string difference(const Generation& alone, const std::vector<Generation>& ranks);

/// Returns the first latents or frames that are beyond the layout's bound of `alone`, or the first latents
/// that differ from rank 0's in a bit; empty if there are none.
std::string excess(const DrawnCase& drawn, const Generation& alone, const std::vector<Generation>& ranks);

}  // namespace isoframe::layouts
