// bfloat16 and float16 against the float32 truth: isoframe's error, and the reference's own in the same type.
//
// Roundings add up to a different sum in every implementation, so that single tensors prove nothing; over all
// cases the root mean square of both errors must agree.  tests/parity/half.py records; tests/parity/run runs.

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/safetensors.h"
#include "model/parallel/mesh.h"
#include "model/pipeline/pipeline.h"
#include "model/text/prompt_encoder.h"
#include "parity_environment.h"

namespace isoframe::model {
namespace {

constexpr double kMostTimesTheReferences = 1.1;

struct Errors {
  double isoframe = 0.0;  ///< sums of squared relative errors
  double reference = 0.0;
};

double squared_error(const at::Tensor& actual, const at::Tensor& truth) {
  const at::Tensor wide = truth.to(at::kDouble);
  return ((actual.cpu().to(at::kDouble) - wide).square().sum() / wide.square().sum().clamp_min(1e-30))
      .item<double>();
}

/// The image's tensors, by name.
class ImageProbe : public Probe {
 public:
  void tensor(ProbePoint point, const at::Tensor& value) override {
    if (point.name == "image_embeds" || point.name == "image_latents")
      of_image[std::string(point.name)] = value.clone();
  }
  std::map<std::string, at::Tensor> of_image;
};

class HalfTypes : public testing::TestWithParam<std::pair<const char*, at::ScalarType>> {};

TEST_P(HalfTypes, AreAsFarFromFloat32AsTheReference) {
  const auto& [dtype_name, dtype] = GetParam();
  const c10::InferenceMode inference;
  const checkpoint::Checkpoint checkpoint(parity::variable("ISOFRAME_PARITY_CHECKPOINT"));
  std::map<std::string, Errors> errors;
  for (const nlohmann::json& c : parity::cases()) {
    const auto recorded = checkpoint::read_safetensors(
        fmt::format("{}/{}.{}.safetensors", parity::variable("ISOFRAME_PARITY_DATA"),
                    c.at("name").get<std::string>(), dtype_name));
    const auto add = [&](const std::string& kind, const std::string& name, const at::Tensor& actual) {
      const at::Tensor& truth = recorded.at("truth." + name);
      ASSERT_EQ(actual.sizes(), truth.sizes()) << name;
      if (truth.numel() == 0) return;
      errors[kind].isoframe += squared_error(actual, truth);
      errors[kind].reference += squared_error(recorded.at("half." + name), truth);
    };
    const text::PromptEncoder encoder(checkpoint, parity::options_of(dtype));
    const text::PromptEmbeds embeds = encoder.encode(c.at("prompt"), no_probe());
    add("text", "text", embeds.text.squeeze(0));
    add("byt5", "byt5", embeds.byt5.squeeze(0));

    const auto model = pipeline::load_pipeline(checkpoint, parallel::single_mesh(),
                                               parity::guidance_scale_of(c), parity::options_of(dtype));
    ImageProbe probe;
    const pipeline::Video video =
        model->generate(parity::request_of(c, pipeline::read_limits(checkpoint)), probe);
    ASSERT_EQ(probe.of_image.size(), c.contains("image") ? 2u : 0u);
    for (const auto& [name, tensor] : probe.of_image) add(name, name, tensor);
    for (std::size_t k = 0; k < video.step_latents.size(); ++k)
      add("latents", fmt::format("step_{}", k), video.step_latents[k]);
    add("frames", "frames", video.frames);
  }
  for (const auto& [kind, error] : errors) {
    ASSERT_GT(error.reference, 0.0) << kind;
    const double ratio = std::sqrt(error.isoframe / error.reference);
    RecordProperty(kind, fmt::format("{:.3f}", ratio));
    fmt::print("{} {}: {:.3f} times the reference's error\n", dtype_name, kind, ratio);
    EXPECT_LE(ratio, kMostTimesTheReferences) << kind;
  }
}

INSTANTIATE_TEST_SUITE_P(HalfTypes, HalfTypes,
                         testing::Values(std::pair{"bfloat16", at::kBFloat16},
                                         std::pair{"float16", at::kHalf}),
                         [](const auto& info) { return info.param.first; });

}  // namespace
}  // namespace isoframe::model
