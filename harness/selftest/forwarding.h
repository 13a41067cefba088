#pragma once
// Decorators that pass everything on; a fault overrides what it spoils.

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "model/parallel/group.h"
#include "model/parallel/sequence_parallel.h"

namespace isoframe::harness::selftest {

class ForwardingGroup : public model::parallel::Group {
 public:
  explicit ForwardingGroup(std::shared_ptr<Group> sound) : sound_(std::move(sound)) {}
  int rank() const override { return sound_->rank(); }
  int size() const override { return sound_->size(); }
  const std::string& name() const override { return sound_->name(); }
  at::Tensor all_gather(const at::Tensor& input, std::int64_t dim,
                        const std::vector<std::int64_t>& sizes) override {
    return sound_->all_gather(input, dim, sizes);
  }
  std::vector<at::Tensor> all_to_all(const std::vector<at::Tensor>& inputs,
                                     const std::vector<std::vector<std::int64_t>>& output_shapes) override {
    return sound_->all_to_all(inputs, output_shapes);
  }
  void all_reduce(at::Tensor& tensor) override { sound_->all_reduce(tensor); }
  void broadcast(at::Tensor& tensor, int root) override { sound_->broadcast(tensor, root); }
  std::unique_ptr<model::parallel::Exchange> start_send(const at::Tensor& tensor, int destination,
                                                        int tag) override {
    return sound_->start_send(tensor, destination, tag);
  }
  std::unique_ptr<model::parallel::Exchange> start_receive(const std::vector<std::int64_t>& shape,
                                                           const at::TensorOptions& options, int source,
                                                           int tag) override {
    return sound_->start_receive(shape, options, source, tag);
  }
  std::unique_ptr<model::parallel::Exchange> start_exchange(const at::Tensor& outgoing, int destination,
                                                            const std::vector<std::int64_t>& shape,
                                                            int source) override {
    return sound_->start_exchange(outgoing, destination, shape, source);
  }
  void barrier() override { sound_->barrier(); }

 protected:
  std::shared_ptr<Group> sound_;
};

/// What `sound` receives, spoilt as it arrives.
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
  /// `ranks`: how many share the sequence.
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
