#pragma once
// The VAE's tiles of a generation, and what it packs for them.

#include "model/plan/model.h"
#include "model/vae/tile_plan.h"

namespace isoframe::model::plan {

/// The plans that the VAE follows; without tiles where it does not tile.
vae::TilePlan decode_tiles(const ModelConfig& model, const Generation& generation);
vae::TilePlan encode_tiles(const ModelConfig& model, const Generation& generation);

/// True if `rank` runs the decoder (the encoder) on anything.
bool runs_decoder(const ModelConfig& model, const Generation& generation, int rank);
bool runs_encoder(const ModelConfig& model, const Generation& generation, int rank);

/// Bytes of the convolutions' packed weights, kept from the first use on; 0 where nothing is packed.
std::int64_t packed_decoder_bytes(const ModelConfig& model, const Machine& machine);
std::int64_t packed_encoder_bytes(const ModelConfig& model, const Machine& machine);

}  // namespace isoframe::model::plan
