#pragma once
// A decorator that passes every collective on; whoever derives from it overrides what it changes.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/parallel/group.h"

namespace isoframe::model::parallel {

/// Traffic and observer are the decorated group's own and are not passed on.
class ForwardingGroup : public Group {
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
  std::unique_ptr<Exchange> start_send(const at::Tensor& tensor, int destination, int tag) override {
    return sound_->start_send(tensor, destination, tag);
  }
  std::unique_ptr<Exchange> start_receive(const std::vector<std::int64_t>& shape,
                                          const at::TensorOptions& options, int source, int tag) override {
    return sound_->start_receive(shape, options, source, tag);
  }
  std::unique_ptr<Exchange> start_exchange(const at::Tensor& outgoing, int destination,
                                           const std::vector<std::int64_t>& shape, int source) override {
    return sound_->start_exchange(outgoing, destination, shape, source);
  }
  void barrier() override { sound_->barrier(); }
  bool exchange_occupies_device() const override { return sound_->exchange_occupies_device(); }

 protected:
  std::shared_ptr<Group> sound_;
};

}  // namespace isoframe::model::parallel
