#pragma once
// Two videos: are they the same, and if not, where and by how much do they differ?

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace isoframe::harness::compare {

struct CompareOptions {
  std::filesystem::path reference;
  std::filesystem::path candidate;
  std::filesystem::path out;  ///< compare.json, report.md and heat maps go there; empty for none
  // Any gate takes the place of "equal after 8 bits".
  std::optional<double> min_psnr;
  std::optional<double> min_ssim;
  std::optional<double> max_abs;  ///< of values in [0, 1]: floats where both have them, else 8-bit ones / 255
};

/// The content of compare.json (harness/store/README.md).  One pass, a few frames in memory.  Throws
/// InputError where a side cannot be read or the two have other sizes, lengths or rates.
nlohmann::json compare(const CompareOptions& options);

}  // namespace isoframe::harness::compare
