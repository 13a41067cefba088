#pragma once
// Decorators that pass everything on; a fault overrides what it spoils.

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
  void send(const at::Tensor& tensor, int destination, int tag) override {
    sound_->send(tensor, destination, tag);
  }
  void receive(at::Tensor& tensor, int source, int tag) override { sound_->receive(tensor, source, tag); }
  std::unique_ptr<model::parallel::Exchange> start_exchange(const at::Tensor& outgoing, int destination,
                                                            const std::vector<std::int64_t>& shape,
                                                            int source) override {
    return sound_->start_exchange(outgoing, destination, shape, source);
  }
  void barrier() override { sound_->barrier(); }

 protected:
  std::shared_ptr<Group> sound_;
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
