// What observers see of whole generations.

#include <mutex>
#include <set>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/parallel/in_process.h"
#include "model/pipeline/limits.h"
#include "reports/records/stages.h"
#include "tests/unit/model/pipeline/tiny_generation.h"

namespace isoframe::model::pipeline {
namespace {

/// Collects from all ranks.
class Watch : public Probe {
 public:
  void begin(ProbePoint point) override {
    const std::lock_guard lock(mutex_);
    stages.emplace(point.name);
  }
  void tensor(ProbePoint point, const at::Tensor& value) override {
    const std::lock_guard lock(mutex_);
    points.emplace(point.name);
    ASSERT_EQ(point.axes.size(), static_cast<std::size_t>(value.dim())) << point.name;
    for (const Share& share : point.shares) {
      if (share.whole == 0) continue;
      const std::string_view axis = point.axes[static_cast<std::size_t>(share.dim)];
      EXPECT_EQ(share.whole, axis == "heads"    ? heads
                             : axis == "tokens" ? tokens
                                                : -1)
          << point.name << " " << axis;
    }
  }

  std::set<std::string> stages, points;
  std::int64_t heads = 0, tokens = 0;  ///< of the transformer; layouts share out nothing else

 private:
  std::mutex mutex_;
};

class ProbePoints : public TinyGeneration {
 protected:
  void generate(const char* layout, Watch& watch) const {
    const checkpoint::Checkpoint checkpoint(directory_);
    const Limits limits = read_limits(checkpoint);
    watch.heads = limits.attention_heads;
    watch.tokens = video_tokens(request_, limits);
    const parallel::Layout parsed = parallel::parse_layout(layout);
    parallel::run_in_threads(parsed.world_size(), [&](parallel::Rendezvous& rendezvous) {
      const c10::InferenceMode inference;
      at::set_num_threads(1);
      const auto model = load_pipeline(checkpoint, parallel::make_mesh(parsed, rendezvous), std::nullopt,
                                       at::TensorOptions(at::kFloat));
      model->generate(request_, watch);
      model->mesh().world->barrier();
    });
  }
};

TEST_P(ProbePoints, StagesAreThoseOfTheRecords) {
  std::set<std::string> expected;
  for (const auto& [name, kind] : reports::records::kStages)
    if (GetParam() == Task::kImageToVideo || !(name == "image" || name.starts_with("encode")))
      expected.emplace(name);
  Watch watch;
  generate("ulysses=2,vae_patch=2", watch);
  EXPECT_EQ(watch.stages, expected);
}

TEST_P(ProbePoints, EachTensorHasANameForEachOfItsAxes) {
  Watch watch;
  generate("ulysses=2,cfg=2,vae_patch=4", watch);
  generate("ring=2,tensor=2", watch);
  EXPECT_THAT(watch.points, testing::IsSupersetOf({"prompt_embeds", "transformer_blocks.attn.heads",
                                                   "latents", "decode.blend", "frames"}));
}

INSTANTIATE_TEST_SUITE_P(, ProbePoints, testing::Values(Task::kTextToVideo, Task::kImageToVideo), task_name);

}  // namespace
}  // namespace isoframe::model::pipeline
