#pragma once
// Every byte of a generation that travels between ranks, stage by stage, from sizes alone.

#include <map>
#include <string>

#include "model/parallel/predicted_traffic.h"
#include "model/plan/model.h"

namespace isoframe::model::plan {

/// Bytes that rank `rank` sends and receives, by stage: "text", "encode", "denoise", "decode".
/// - text: the text encoders' sums over the tensor group, where it divides their heads;
/// - encode: tiles to rank 0, each once, and the image's latents from it to everyone;
/// - denoise: parallel::predicted_pass of each pass, and guidance's exchange;
/// - decode: tiles to rank 0.
std::map<std::string, parallel::PredictedTraffic> predicted_traffic(const ModelConfig& model,
                                                                    const Generation& generation,
                                                                    at::ScalarType dtype, int rank);

}  // namespace isoframe::model::plan
