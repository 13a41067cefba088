// Layouts that add in another order: what they do must be further from the baseline than that accounts for.

#include <ATen/ATen.h>

#include "harness/selftest/faults/catalogue.h"
#include "harness/selftest/plants.h"
#include "model/parallel/joint_attention.h"
#include "model/parallel/partial_attention.h"
#include "model/parallel/split.h"
#include "model/parallel/usp.h"

namespace isoframe::harness::selftest::faults {

namespace {

using model::parallel::Exchange;
using model::parallel::Group;
using model::parallel::Mesh;
using model::parallel::PartialAttention;
using model::parallel::Qkv;

const Setting kRing = {.layout = "ring=2"};
const Setting kTensor = {.layout = "tensor=2"};
/// Video tokens of the selftest's request, two latent frames of 5 x 7.
constexpr std::int64_t kVideoTokens = 70;

/// A ring of two that adds the two blocks' outputs as they are, each normalized by its own sum.
class MergedWithoutRescaling : public model::parallel::JointAttention {
 public:
  explicit MergedWithoutRescaling(std::shared_ptr<Group> ring)
      : ring_(std::move(ring)), sound_(model::parallel::make_ring_attention(ring_)) {}

  std::pair<at::Tensor, at::Tensor> operator()(const Qkv& joint, std::int64_t video_length) const override {
    const auto [video, condition] = (*sound_)(joint, video_length);
    const std::vector<std::int64_t> blocks = model::parallel::split_evenly(video_length, 2).sizes;
    const std::int64_t own = blocks[ring_->rank()], other = 1 - ring_->rank();
    const auto of_block = [&](const at::Tensor& x) { return x.narrow(2, 0, own); };
    const at::Tensor block = at::stack({of_block(joint.key), of_block(joint.value)});
    std::vector<std::int64_t> shape = block.sizes().vec();
    shape[3] = blocks[other];
    const at::Tensor received =
        ring_->start_exchange(block, static_cast<int>(other), shape, static_cast<int>(other))->wait();
    const at::Tensor query = of_block(joint.query);
    return {model::parallel::attend_part(query, joint.key, joint.value).output +
                model::parallel::attend_part(query, received[0], received[1]).output,
            condition};
  }

 private:
  std::shared_ptr<Group> ring_;
  std::unique_ptr<JointAttention> sound_;
};

void merge_without_rescaling(Mesh& mesh) {
  mesh.wrap_sequence = [ulysses = mesh.ulysses,
                        ring = mesh.ring](std::unique_ptr<model::parallel::SequenceParallel>) {
    return model::parallel::make_usp(ulysses, ring, std::make_unique<MergedWithoutRescaling>(ring));
  };
}

class OwnBlockAgain : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  std::unique_ptr<Exchange> start_exchange(const at::Tensor& outgoing, int destination,
                                           const std::vector<std::int64_t>& shape, int source) override {
    return std::make_unique<Swapped>(sound_->start_exchange(outgoing, destination, shape, source), outgoing);
  }

 private:
  class Swapped : public Exchange {
   public:
    Swapped(std::unique_ptr<Exchange> sound, at::Tensor sent)
        : sound_(std::move(sound)), sent_(std::move(sent)) {}
    at::Tensor wait() override {
      sound_->wait();
      return sent_;
    }

   private:
    std::unique_ptr<Exchange> sound_;
    at::Tensor sent_;
  };
};

/// Leaves out the first sum over video tokens: the output projection of the first block.
class SumLeftOut : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  void all_reduce(at::Tensor& tensor) override {
    const bool is_first_of_video = !is_left_out_ && tensor.dim() == 3 && tensor.size(1) == kVideoTokens;
    if (is_first_of_video) {
      is_left_out_ = true;
    } else {
      ForwardingGroup::all_reduce(tensor);
    }
  }

 private:
  bool is_left_out_ = false;
};

void exchange_halves(const at::Tensor& weight) { weight.copy_(weight.roll(weight.size(0) / 2, 0)); }

}  // namespace

Faults ring_and_tensor_faults() {
  return {
      {.name = "ring-not-rescaled",
       .what = "a ring adds partial attentions without weighing them by their sums",
       .setting = kRing,
       .plant = {.mesh = merge_without_rescaling},
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.heads",
                    .step = 0,
                    .block = 0,
                    .ranks = {0, 1}}},
      {.name = "ring-own-block-twice",
       .what = "a ring rank attends to its own block again in place of the one that arrived",
       .setting = kRing,
       .plant = in_group<OwnBlockAgain>(&Mesh::ring, 1),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.heads",
                    .step = 0,
                    .block = 0,
                    .ranks = {1}}},
      {.name = "tensor-wrong-shard",
       .what = "a tensor parallel rank holds the other rank's query weights",
       .setting = kTensor,
       .plant = in_weights("transformer", "transformer_blocks.1.attn.to_q.weight", 1, exchange_halves),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.query",
                    .step = 0,
                    .block = 1,
                    .ranks = {1}}},
      {.name = "tensor-bias-on-every-rank",
       .what = "every tensor parallel rank adds the output projection's bias",
       .setting = kTensor,
       .plant = in_weights("transformer", "transformer_blocks.0.attn.to_out.0.bias", 0,
                           [](const at::Tensor& x) { x.mul_(2.0); }),
       .expected =
           {.stage = "denoise", .point = "transformer_blocks.attn", .step = 0, .block = 0, .ranks = {0, 1}}},
      {.name = "tensor-sum-left-out",
       .what = "partial products of one output projection are never added up",
       .setting = kTensor,
       .plant = in_group<SumLeftOut>(&Mesh::tensor, kEveryRank),
       .expected =
           {.stage = "denoise", .point = "transformer_blocks.attn", .step = 0, .block = 0, .ranks = {0, 1}}},
  };
}

}  // namespace isoframe::harness::selftest::faults
