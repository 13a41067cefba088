#pragma once
// The turn that a picture needs, from the metadata that came with it.

#include <optional>
#include <string>

namespace isoframe::model::vision {

/// The metadata of a picture that may hold an orientation.
struct ImageMetadata {
  std::optional<std::string> exif;  ///< a TIFF file, behind "Exif\0\0" or not
  std::string xmp;                  ///< XML; empty where there is none
};

/// Reads the orientation, 1 to 8, by the reference's rules rather than by the standards', so that both turn a
/// picture alike: EXIF's first directory goes before XMP, XMP is searched as text, and any number of EXIF
/// counts while a BYTE does not.  1 where there is none, or where EXIF is damaged: no reason to refuse a
/// picture. Reference: PIL.Image.Image.getexif, PIL.TiffImagePlugin.ImageFileDirectory_v2.load (Pillow 13).
/// Exiv2 and libexif follow the standards and disagree with it: on several segments, on types, on damage, on
/// odd XML.
int orientation_of(const ImageMetadata& metadata);

}  // namespace isoframe::model::vision
