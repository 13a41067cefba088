#pragma once
// Classifier-free guidance as two passes.  Reference: ClassifierFreeGuidance (diffusers 0.42, Ho & Salimans
// 2022).

#include <functional>
#include <memory>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/config.h"
#include "model/parallel/group.h"
#include "model/probe.h"

namespace isoframe::model::sampling {

/// guider/guider_config.json (or guider/config.json).  Throws InputError for another class or an unsupported
/// option.
struct GuiderConfig {
  /// The scale in uncond + scale * (cond - uncond); 1, no second pass, if guidance is off.  A config with
  /// use_original_formulation, cond + s * (cond - uncond), becomes s + 1.
  double guidance_scale = 1.0;
  static GuiderConfig from(const checkpoint::Config& config);
};

enum class Branch { kConditional, kUnconditional };

class Guidance {
 public:
  /// `cfg` of one rank: both passes here, one after the other.  Of two: rank 0 runs the conditional pass,
  /// rank 1 the unconditional one, and they exchange their predictions.
  Guidance(double scale, std::shared_ptr<parallel::Group> cfg);

  /// uncond + scale * (cond - uncond), the same bits on every rank; only the conditional pass where scale
  /// is 1.  Shows an observer the result, and where there are two passes both predictions as they are after
  /// the exchange.
  at::Tensor predict(const std::function<at::Tensor(Branch)>& pass, Probe& probe = no_probe()) const;

  /// True if this rank ever runs this branch: prompts of others need not be encoded here.
  bool runs(Branch branch) const;
  double scale() const { return scale_; }

 private:
  double scale_;
  std::shared_ptr<parallel::Group> cfg_;
};

}  // namespace isoframe::model::sampling
