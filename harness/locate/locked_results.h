#pragma once
// Results of a locked run: what each part and each step gives where the latents before it are given.

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/probe.h"
#include "reports/records/names.h"

namespace isoframe::harness::locate {

/// Name of one result.  Names are ordered as the pipeline computes them.
struct LockedName {
  reports::records::LockedPart part = reports::records::LockedPart::kText;
  std::int64_t step = -1;  ///< of the transformer's; -1 for the others
  std::string tensor;      ///< "conditional prompt_embeds", "prediction", "latents", "frames"

  auto operator<=>(const LockedName&) const = default;
};
/// "transformer 3 prediction", as tensors are called in files.
std::string to_string(const LockedName& name);
/// Throws InputError for a text that is no name.
LockedName locked_name(const std::string& text);

/// A rank's results, in float32 on the CPU.
using LockedResults = std::map<LockedName, at::Tensor>;

/// Copies a rank's results as the model shows them: text states, each step's prediction and latents, and on
/// rank 0 the frames.
class LockedProbe : public model::Probe {
 public:
  void begin(model::ProbePoint point) override;
  void tensor(model::ProbePoint point, const at::Tensor& value) override;
  const LockedResults& results() const { return results_; }

 private:
  void keep(reports::records::LockedPart part, std::int64_t step, const std::string& tensor,
            const at::Tensor& value);

  std::string branch_;      ///< of the prompt that is encoded
  std::int64_t step_ = -1;  ///< the current one
  LockedResults results_;
};

}  // namespace isoframe::harness::locate
