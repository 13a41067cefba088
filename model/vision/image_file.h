#pragma once
// A picture from a file, as the reference's loader gives it.

#include <filesystem>

#include <ATen/core/Tensor.h>

namespace isoframe::model::vision {

/// PNG, JPEG or WebP -> uint8 [H, W, 3], RGB, turned as its metadata say (image_orientation.h).
/// Reference: diffusers.utils.load_image: ImageOps.exif_transpose, then Image.convert("RGB") (Pillow 13).
/// Transparency is dropped, colours stay; grey is repeated; 16-bit colours keep their high byte, 16-bit grey
/// is cut at 255, as Pillow does it.
/// Throws InputError, starting with the file's name, for a file that is missing, empty, damaged or of another
/// kind, and for a side above 16384 or more than 178,956,970 pixels (where Pillow suspects an attack).
at::Tensor load_image(const std::filesystem::path& file);

}  // namespace isoframe::model::vision
