// Generations that are given their noise, or what steps leave: twins and locked runs.

#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/unit/model/pipeline/tiny_generation.h"

namespace isoframe::model::pipeline {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class GivenInputsOf : public TinyGeneration {
 protected:
  void SetUp() override {
    TinyGeneration::SetUp();
    request_.steps = 2;
    at::set_num_threads(1);
    model_ = load_pipeline(checkpoint::Checkpoint(directory_), parallel::single_mesh(), std::nullopt,
                           at::TensorOptions(at::kBFloat16));
  }
  Video generate(const GivenInputs& given = {}) const {
    Request request = request_;
    request.given = given;
    return model_->generate(request, no_probe());
  }

  const c10::InferenceMode inference_;
  std::unique_ptr<Pipeline> model_;
};

TEST_P(GivenInputsOf, ItsOwnLatentsGiveTheSameVideo) {
  const Video own = generate();
  const at::ScalarType wide = at::kFloat;  // as files keep them
  const GivenInputs given = {.noise = own.noise.to(wide),
                             .steps = {own.step_latents[0].to(wide), own.step_latents[1].to(wide)},
                             .timestep_dtype = at::kBFloat16};
  const Video locked = generate(given);
  EXPECT_TRUE(at::equal(locked.step_latents[0], own.step_latents[0]));
  EXPECT_TRUE(at::equal(locked.step_latents[1], own.step_latents[1]));
  EXPECT_TRUE(at::equal(locked.frames, own.frames));
  request_.seed = 9;
  EXPECT_FALSE(at::equal(generate().frames, own.frames));
  EXPECT_TRUE(at::equal(generate({.noise = own.noise, .steps = {}}).frames, own.frames));
}

TEST_P(GivenInputsOf, NothingOfAStepReachesTheNext) {
  const Video own = generate();
  const at::Tensor other = own.step_latents[0].flip(3);
  const Video locked = generate({.noise = own.noise.flip(3), .steps = {own.step_latents[0], other}});
  EXPECT_FALSE(at::equal(locked.step_latents[0], own.step_latents[0]));
  EXPECT_TRUE(at::equal(locked.step_latents[1], own.step_latents[1]));
  EXPECT_TRUE(at::equal(locked.latents, other)) << "decoding begins with what is given for the last step";
  EXPECT_FALSE(at::equal(locked.frames, own.frames));
}

TEST_P(GivenInputsOf, TimestepsAreRoundedAsADtypeHandsThemOn) {
  const Video own = generate();
  const auto in_float16 = generate({.noise = own.noise, .steps = {}, .timestep_dtype = at::kHalf});
  EXPECT_TRUE(at::equal(in_float16.frames, own.frames)) << "the model's own bfloat16 is coarser";
  const auto exact = load_pipeline(checkpoint::Checkpoint(directory_), parallel::single_mesh(), std::nullopt,
                                   at::TensorOptions(at::kFloat));
  request_.given = {.noise = own.noise, .steps = {}};
  const Video unrounded = exact->generate(request_, no_probe());
  request_.given.timestep_dtype = at::kBFloat16;
  const Video rounded = exact->generate(request_, no_probe());
  const auto away = [&](const Video& video) {
    return (video.latents - own.latents.to(at::kFloat)).norm().item<double>();
  };
  EXPECT_LT(away(rounded), 0.5 * away(unrounded));
}

TEST_P(GivenInputsOf, AnotherShapeOrNumberOfStepsIsRefused) {
  const Video own = generate();
  EXPECT_THAT([&] { generate({.noise = own.noise.narrow(3, 0, 1), .steps = {}}); },
              ThrowsMessage<InputError>(HasSubstr("the given latents are [1, 32, 2, 1, 7]")));
  EXPECT_THAT([&] { generate({.noise = own.noise, .steps = {own.latents}}); },
              ThrowsMessage<InputError>(HasSubstr("latents of 1 steps are given for 2")));
}

INSTANTIATE_TEST_SUITE_P(Tasks, GivenInputsOf, testing::Values(Task::kTextToVideo, Task::kImageToVideo),
                         task_name);

}  // namespace
}  // namespace isoframe::model::pipeline
