#pragma once
// Decorators that pass everything on; a fault overrides what it spoils.

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "model/parallel/forwarding_group.h"
#include "model/parallel/sequence_parallel.h"

namespace isoframe::harness::selftest {

using model::parallel::ForwardingGroup;

/// Exchange that spoils what `sound` receives as it arrives.
class SpoiltExchange : public model::parallel::Exchange {
 public:
  using Spoil = std::function<void(const at::Tensor&)>;
  SpoiltExchange(std::unique_ptr<Exchange> sound, Spoil spoil)
      : sound_(std::move(sound)), spoil_(std::move(spoil)) {}
  at::Tensor wait() override {
    at::Tensor received = sound_->wait();
    spoil_(received);
    return received;
  }

 private:
  std::unique_ptr<Exchange> sound_;
  Spoil spoil_;
};

class ForwardingSequence : public model::parallel::SequenceParallel {
 public:
  /// `ranks` is the number of ranks that share the sequence.
  ForwardingSequence(std::unique_ptr<SequenceParallel> sound, int ranks)
      : sound_(std::move(sound)), ranks_(ranks) {}
  model::parallel::Range rows(std::int64_t length) const override { return sound_->rows(length); }
  at::Tensor shard(const at::Tensor& tokens, std::int64_t dim) const override {
    return sound_->shard(tokens, dim);
  }
  at::Tensor gather(const at::Tensor& local, std::int64_t dim, std::int64_t length) const override {
    return sound_->gather(local, dim, length);
  }
  std::pair<at::Tensor, at::Tensor> attend(const model::parallel::Qkv& video,
                                           const model::parallel::Qkv& condition, std::int64_t video_length,
                                           const model::parallel::AttentionSite& site) const override {
    return sound_->attend(video, condition, video_length, site);
  }

 protected:
  std::unique_ptr<SequenceParallel> sound_;
  int ranks_;
};

}  // namespace isoframe::harness::selftest
