#pragma once
// The tensors that a round leaves, as far as a case can be judged by them.

#include <filesystem>

#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Throws InputError naming the file unless it holds the frames that the case asks for.
void require_frames(const std::filesystem::path& file, const scenario::Case& spec);

/// Throws InputError naming the file unless it holds the noise, the latents of every step and the last ones,
/// of the case's shape and finite; latents may be NaN if the frames are.
void require_latents(const std::filesystem::path& file, const std::filesystem::path& frames_file,
                     const scenario::Case& spec);

}  // namespace isoframe::harness::run
