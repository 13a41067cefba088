// Whole generations on a device that is not the CPU: a tensor that is made on the CPU although the model is
// elsewhere stops them.  No GPU is needed.

#include <set>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "model/parallel/in_process.h"
#include "tests/unit/fake_accelerator_group.h"
#include "tests/unit/model/pipeline/tiny_generation.h"

namespace isoframe::model::pipeline {
namespace {

/// Tolerance between devices: others compute by ATen, the CPU computes float32 by kernels of our own.
constexpr double kTolerance = 2e-4;

/// Of a block, whose two streams each start a modulation, two layer norms, three projections, two norms of
/// heads, the output's projection, two residuals and the MLP's two products and activation; together they
/// start six copies into heads of all tokens, attention, and two back.
constexpr int kKernelsOfABlock = 2 * 14 + 6 + 1 + 2;
/// Heads are normed, activations made and the second residuals added in place; two copies fill one tensor.
constexpr int kAllocationsOfABlock = 2 * 10 + 3 + 1 + 2;

/// Points whose tensor belongs on the CPU: read from a file, or written to one.
const std::set<std::string, std::less<>> kOnCpu = {"image", "image_encoder.pixel_values", "frames"};

/// What the device is asked for while one block is computed, between two probe points.
struct BlockCounts : Probe {
  void tensor(ProbePoint point, const at::Tensor&) override {
    using fake_accelerator::counts;
    if (point.name == "transformer_blocks.context") {
      if (point.index > 0)
        blocks.push_back({counts.kernels - before.kernels, counts.allocations - before.allocations,
                          counts.waits - before.waits});
      before = counts;
    }
  }
  fake_accelerator::Counts before;
  std::vector<fake_accelerator::Counts> blocks;
};

struct Watch : Probe {
  explicit Watch(c10::DeviceType expected) : expected(expected) {}
  void tensor(ProbePoint point, const at::Tensor& value) override {
    const c10::DeviceType type = kOnCpu.contains(point.name) ? c10::kCPU : expected;
    EXPECT_EQ(value.device().type(), type) << point.name;
  }
  c10::DeviceType expected;
};

class Device : public TinyGeneration {
 protected:
  at::Tensor frames(const c10::Device& device) const {
    const c10::InferenceMode inference;
    at::set_num_threads(1);
    Watch watch(device.type());
    const auto model = load_pipeline(checkpoint::Checkpoint(directory_), parallel::single_mesh(),
                                     std::nullopt, at::TensorOptions(device).dtype(at::kFloat));
    const Video video = model->generate(request_, watch);
    EXPECT_EQ(video.step_latents.size(), static_cast<std::size_t>(request_.steps));
    for (const at::Tensor& step : video.step_latents) EXPECT_TRUE(step.is_cpu());
    return video.frames;
  }
};

TEST_P(Device, EverythingStaysWhereTheModelIs) {
  const at::Tensor elsewhere = frames(fake_accelerator::device());
  const at::Tensor expected = frames(c10::Device(c10::kCPU));
  ASSERT_TRUE(elsewhere.is_cpu());
  EXPECT_LT((elsewhere - expected).abs().max().item<double>(), kTolerance);
}

TEST_P(Device, ABlockStartsItsKernelsAndWaitsForNothing) {
  const c10::InferenceMode inference;
  const auto model = load_pipeline(checkpoint::Checkpoint(directory_), parallel::single_mesh(), std::nullopt,
                                   at::TensorOptions(fake_accelerator::device()).dtype(at::kFloat));
  BlockCounts probe;
  model->generate(request_, probe);
  ASSERT_FALSE(probe.blocks.empty());
  for (const fake_accelerator::Counts& block : probe.blocks) {
    EXPECT_EQ(block.kernels, kKernelsOfABlock);
    EXPECT_EQ(block.allocations, kAllocationsOfABlock);
    EXPECT_EQ(block.waits, 0);
  }
}

TEST_P(Device, LayoutsExchangeTensorsThatLieThere) {
  const at::Tensor alone = frames(fake_accelerator::device());
  for (const char* layout : {"ulysses=2,cfg=2,vae_patch=4", "ring=2,vae_patch=2", "tensor=2"}) {
    SCOPED_TRACE(layout);
    const parallel::Layout parsed = parallel::parse_layout(layout);
    parallel::run_in_threads(parsed.world_size(), [&](parallel::Rendezvous& gloo) {
      fake_accelerator::Rendezvous rendezvous(gloo);
      parallel::Mesh mesh = parallel::make_mesh(parsed, rendezvous);
      const auto model = load_pipeline(checkpoint::Checkpoint(directory_), std::move(mesh), std::nullopt,
                                       at::TensorOptions(fake_accelerator::device()).dtype(at::kFloat));
      Watch watch(c10::kPrivateUse1);
      const at::Tensor shared = model->generate(request_, watch).frames;
      if (model->mesh().rank == 0) {
        EXPECT_LT((shared - alone).abs().max().item<double>(), kTolerance);
      }
      model->mesh().world->barrier();
    });
  }
}

INSTANTIATE_TEST_SUITE_P(, Device, testing::Values(Task::kTextToVideo, Task::kImageToVideo), task_name);

}  // namespace
}  // namespace isoframe::model::pipeline
