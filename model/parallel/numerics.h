#pragma once
// How far a layout's frames may be from those of another arithmetic, usually of a single device.

#include <cstdint>
#include <string>

#include "model/parallel/layout.h"

namespace isoframe::model::parallel {

/// The way in which ranks of a tensor parallel group add their partial products.
enum class Reduction {
  kFast,           ///< the backend's all-reduce, in an order of its own
  kDeterministic,  ///< in the order of the ranks: the bits depend on the layout's `tensor` and nothing else
};
/// "fast" or "deterministic".
std::string to_string(Reduction reduction);
/// Throws InputError for another word.
Reduction parse_reduction(const std::string& text);

/// The settings that decide in which order numbers are added.
struct Arithmetic {
  Layout layout = {};
  Reduction reduction = Reduction::kFast;
  /// A layout with tensor=1 adds its products in as many parts as tensor=N with deterministic reduction does.
  int reduction_parts = 1;
  /// True on GPUs, whose libraries choose the order of a product's sums by its number of rows and columns.
  bool depends_on_shapes = false;
};

enum class Numerics {
  kIdentical,  ///< the same additions in the same order: every bit of every frame is equal
  kBounded,    ///< the same sums in another order: equal to within relative_l2_bound()
};
/// "identical" or "bounded".
std::string to_string(Numerics numerics);

/// The class of a run.  CFG, Ulysses and VAEPP move whole rows, heads and tiles: identical.  A ring merges as
/// many partial softmaxes as it has ranks, and tensor parallelism adds as many partial products: bounded,
/// unless both sides merge as many, and add as many in a fixed order.  Where the order depends on shapes,
/// Ulysses is bounded too: identical are layouts that differ in CFG and VAEPP alone.
Numerics numerics(const Arithmetic& run, const Arithmetic& reference = {});

/// The amount of computation between prompt and frames.
struct Depth {
  std::int64_t steps = 0;
  std::int64_t blocks = 0;         ///< of the transformer
  std::int64_t terms = 0;          ///< of the longest sum that is reordered: MLP width, or tokens
  double guidance_scale = 1.0;     ///< multiplies the difference of two passes
  double unit_roundoff = 0x1p-24;  ///< of the dtype: 2^-24, 2^-11 or 2^-8 for float32, float16, bfloat16
};

/// The relative L2 distance between the frames of `run` and of a single device that reordering accounts for;
/// 0 for identical ones.  Two orders of one sum of n terms are at most about 2 sqrt(n) u apart, relative to
/// its terms (Higham & Mary 2019, probabilistic): n accumulations in float32 and a rounding of each part to
/// the dtype.  The errors of the reordered sums of all blocks and steps are independent and add as squares
/// do; guidance multiplies them by |g| + |1 - g|; what follows is taken to leave relative errors as they are.
/// Where the order depends on shapes, any sum of a block may be another.
double relative_l2_bound(const Arithmetic& run, const Depth& depth);

/// The same distance where every sum of each block may be in another order: two engines, builds or machines.
double reordered_l2_bound(const Depth& depth);

/// The PSNR and SSIM that a relative L2 distance leaves, for frames in [0, 1] rounded to 8 bits.
struct ImageBound {
  double psnr_min;  ///< dB
  double ssim_min;
};
/// Rounding to steps of 1/255 turns an error e into a mean square of at most e^2 + e/255; twice that is
/// allowed.  SSIM loses at most MSE / C2, C2 = 0.03^2, where a picture is flat.
ImageBound image_bound(double relative_l2);

}  // namespace isoframe::model::parallel
