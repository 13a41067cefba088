#include "model/sampling/flow_match_euler.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::model::sampling {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

// From FlowMatchEulerDiscreteScheduler.set_timesteps(sigmas=np.linspace(1, 0, N + 1)[:-1]) of diffusers
// 0.42.1.
TEST(Schedule, HasTheBitsOfTheReference) {
  std::vector<double> sigmas, timesteps;
  for (const Step& step : schedule(7, {.shift = 5.0})) {
    sigmas.push_back(step.sigma);
    timesteps.push_back(step.timestep);
  }
  EXPECT_THAT(sigmas, ElementsAre(1.0, 0x1.ef7bdcp-1, 0x1.da12f8p-1, 0x1.bd37a6p-1, 0x1.9435e2p-1,
                                  0x1.555556p-1, 0x1.d1745ep-2));
  EXPECT_THAT(timesteps, ElementsAre(1000.0, 0x1.e3def4p+9, 0x1.cef686p+9, 0x1.b2c858p+9, 0x1.8abc9ep+9,
                                     0x1.4d5556p+9, 0x1.c68ba4p+8));
}

TEST(Schedule, HasTheBitsOfTheReferenceForAShiftThatIsNoBinaryFraction) {
  std::vector<double> sigmas;
  for (const Step& step : schedule(11, {.shift = 2.6})) sigmas.push_back(step.sigma);
  EXPECT_THAT(sigmas,
              ElementsAre(1.0, 0x1.ed097ap-1, 0x1.d7af5ap-1, 0x1.bf7650p-1, 0x1.a3bf6ap-1, 0x1.83ba66p-1,
                          0x1.5e50d6p-1, 0x1.3205e2p-1, 0x1.f984dap-2, 0x1.76fc66p-2, 0x1.a69a6ap-3));
}

TEST(Schedule, EachStepEndsWhereTheNextBeginsAndTheLastAtZero) {
  const std::vector<Step> steps = schedule(5, {.shift = 3.0});
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    EXPECT_EQ(steps[i].next_sigma, steps[i + 1].sigma);
    EXPECT_EQ(steps[i].next_timestep, steps[i + 1].timestep);
  }
  EXPECT_EQ(steps.back().next_timestep, 0.0);
  EXPECT_EQ(steps.back().next_sigma, 0.0);
  EXPECT_EQ(steps.back().index, 4);
}

TEST(Schedule, RefusesLessThanOneStep) {
  EXPECT_THAT([] { schedule(0, {}); }, ThrowsMessage<InputError>(HasSubstr("at least 1, but is 0")));
}

SchedulerConfig scheduler(nlohmann::json values) {
  values["_class_name"] = "FlowMatchEulerDiscreteScheduler";
  return SchedulerConfig::from({values, "scheduler_config.json"});
}

TEST(SchedulerConfig, ReadsShiftAndTrainTimesteps) {
  const SchedulerConfig config =
      scheduler({{"shift", 7.0}, {"num_train_timesteps", 500}, {"shift_terminal", nullptr}});
  EXPECT_EQ(config.shift, 7.0);
  EXPECT_EQ(config.num_train_timesteps, 500);
  EXPECT_EQ(scheduler({}).shift, 1.0);
}

TEST(SchedulerConfig, RefusesOptionsThatAreNotImplementedByName) {
  for (const char* option : {"use_dynamic_shifting", "invert_sigmas", "use_karras_sigmas",
                             "use_exponential_sigmas", "use_beta_sigmas", "stochastic_sampling"}) {
    EXPECT_THAT([&] { scheduler({{option, true}}); }, ThrowsMessage<InputError>(HasSubstr(option)));
    EXPECT_NO_THROW(scheduler({{option, false}}));
  }
  EXPECT_THAT(
      [] {
        scheduler({{"shift_terminal", 0.1}});
      },
      ThrowsMessage<InputError>(HasSubstr("shift_terminal")));
  EXPECT_THAT(
      [] {
        scheduler({{"shift", 0}});
      },
      ThrowsMessage<InputError>(HasSubstr("'shift' must be above 0")));
}

// Recorded from torch.randn((1, 4, 1, 5, 5), generator=torch.Generator().manual_seed(42)), and of 18 values,
// which take another path of the generator, from seed 1234.
TEST(InitialLatents, AreThoseOfPythonsGenerator) {
  const at::Tensor latents = initial_latents(42, {1, 4, 1, 5, 5}).flatten();
  EXPECT_EQ(latents[0].item<float>(), 0x1.ed4a52p+0F);
  EXPECT_EQ(latents[1].item<float>(), 0x1.7cbea6p+0F);
  EXPECT_EQ(latents[50].item<float>(), 0x1.3f95f6p-4F);
  EXPECT_EQ(latents[99].item<float>(), 0x1.3c0c38p-1F);
  const at::Tensor few = initial_latents(1234, {1, 2, 1, 3, 3}).flatten();
  EXPECT_EQ(few[0].item<float>(), -0x1.c99968p-4F);
  EXPECT_EQ(few[17].item<float>(), 0x1.7a5012p+0F);
}

// Recorded from the second of three steps of the reference at shift 5: noise of seed 1234, velocity of
// seed 7.
TEST(EulerStep, HasTheBitsOfTheReferenceInFloat32AndBfloat16) {
  const at::Tensor velocity = initial_latents(7, {1, 2, 1, 3, 3});
  const auto second_step = [&](at::ScalarType dtype) {
    const Step step = schedule(3, {.shift = 5.0})[1];
    at::Tensor latents =
        euler_step(initial_latents(1234, {1, 2, 1, 3, 3}).to(dtype), velocity.to(dtype), step);
    EXPECT_EQ(latents.scalar_type(), dtype);
    latents = latents.to(at::kFloat).flatten();
    return std::vector<float>{latents[0].item<float>(), latents[1].item<float>(), latents[2].item<float>(),
                              latents[17].item<float>()};
  };
  EXPECT_THAT(second_step(at::kFloat),
              ElementsAre(0x1.899be0p-5F, -0x1.25b6eap-1F, -0x1.148718p+0F, 0x1.96709cp+0F));
  EXPECT_THAT(second_step(at::kBFloat16), ElementsAre(0x1.84p-5F, -0x1.26p-1F, -0x1.14p+0F, 0x1.96p+0F));
}

}  // namespace
}  // namespace isoframe::model::sampling
