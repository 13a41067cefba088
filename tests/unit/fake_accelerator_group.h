#pragma once
// Groups of ranks whose tensors lie on the stand-in accelerator.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "model/parallel/forwarding_group.h"
#include "model/parallel/mesh.h"
#include "tests/unit/fake_accelerator.h"

namespace isoframe::fake_accelerator {

/// A group for this device, as NCCL's are for CUDA: Gloo on the CPU's view of the memory.
class Group final : public model::parallel::ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;

  at::Tensor all_gather(const at::Tensor& input, std::int64_t dim,
                        const std::vector<std::int64_t>& sizes) override {
    return sound_->all_gather(on_cpu(input), dim, sizes).to(device());
  }
  std::vector<at::Tensor> all_to_all(const std::vector<at::Tensor>& inputs,
                                     const std::vector<std::vector<std::int64_t>>& output_shapes) override {
    std::vector<at::Tensor> here;
    for (const at::Tensor& input : inputs) here.push_back(on_cpu(input));
    std::vector<at::Tensor> outputs = sound_->all_to_all(here, output_shapes);
    for (at::Tensor& output : outputs) output = output.to(device());
    return outputs;
  }
  void all_reduce(at::Tensor& tensor) override {
    at::Tensor here = on_cpu(tensor);
    sound_->all_reduce(here);
  }
  void broadcast(at::Tensor& tensor, int root) override {
    at::Tensor here = on_cpu(tensor);
    sound_->broadcast(here, root);
  }
  std::unique_ptr<model::parallel::Exchange> start_send(const at::Tensor& tensor, int destination,
                                                        int tag) override {
    return std::make_unique<Moving>(tensor, sound_->start_send(on_cpu(tensor), destination, tag));
  }
  std::unique_ptr<model::parallel::Exchange> start_receive(const std::vector<std::int64_t>& shape,
                                                           const at::TensorOptions& options, int source,
                                                           int tag) override {
    return std::make_unique<Moving>(at::Tensor(),
                                    sound_->start_receive(shape, options.device(c10::kCPU), source, tag));
  }
  std::unique_ptr<model::parallel::Exchange> start_exchange(const at::Tensor& outgoing, int destination,
                                                            const std::vector<std::int64_t>& shape,
                                                            int source) override {
    return std::make_unique<Moving>(outgoing,
                                    sound_->start_exchange(on_cpu(outgoing), destination, shape, source));
  }

  /// As NCCL's.
  bool exchange_occupies_device() const override { return true; }

 private:
  class Moving final : public model::parallel::Exchange {
   public:
    /// Keeps `kept`, which owns the memory that is being sent, until the exchange ends.
    Moving(at::Tensor kept, std::unique_ptr<Exchange> here)
        : kept_(std::move(kept)), here_(std::move(here)) {}
    at::Tensor wait() override {
      const at::Tensor arrived = here_->wait();
      return arrived.defined() ? arrived.to(device()) : arrived;
    }

   private:
    at::Tensor kept_;
    std::unique_ptr<Exchange> here_;
  };
};

class Rendezvous final : public model::parallel::Rendezvous {
 public:
  explicit Rendezvous(model::parallel::Rendezvous& sound) : sound_(sound) {}
  int rank() const override { return sound_.rank(); }
  int world_size() const override { return sound_.world_size(); }
  std::shared_ptr<model::parallel::Group> group(const std::string& name,
                                                const std::vector<int>& world_ranks) override {
    return std::make_shared<Group>(sound_.group(name, world_ranks));
  }

  std::shared_ptr<model::parallel::Group> cpu_group(const std::string& name,
                                                    const std::vector<int>& world_ranks) override {
    return sound_.group(name, world_ranks);
  }

 private:
  model::parallel::Rendezvous& sound_;
};

}  // namespace isoframe::fake_accelerator
