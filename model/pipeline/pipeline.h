#pragma once
// A loaded checkpoint that makes videos, whichever the task.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/parallel/mesh.h"
#include "model/pipeline/request.h"
#include "model/probe.h"
#include "model/text/prompt_tokenizer.h"
#include "model/vae/vae.h"

namespace isoframe::model::pipeline {

class Pipeline {
 public:
  virtual ~Pipeline() = default;

  /// Makes a video.  Every rank of the mesh calls it at once, with the same request.  With given latents of
  /// all steps this is a locked run: nothing that a step does reaches the next one.
  virtual Video generate(const Request& request, Probe& probe) const = 0;

  /// Surplus tensors in the checkpoint's files.
  virtual std::vector<std::string> unused() const = 0;
  /// The texts of the request of which an encoder takes only the beginning.
  virtual std::vector<text::CutText> cut_texts(const Request& request) const = 0;
  /// Throws InputError naming the first weight that is not a finite number: why frames may be none.
  virtual void require_finite_weights() const = 0;
  virtual const vae::Vae& vae() const = 0;
  virtual const parallel::Mesh& mesh() const = 0;
};

/// TextToVideo or ImageToVideo, as the checkpoint's task says.  `guidance_scale` overrides the checkpoint's.
std::unique_ptr<Pipeline> load_pipeline(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh,
                                        std::optional<double> guidance_scale,
                                        const at::TensorOptions& options = at::kFloat);

}  // namespace isoframe::model::pipeline
