#include "model/parallel/group.h"

#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::model::parallel {

namespace {

class SelfGroup : public Group {
 public:
  explicit SelfGroup(std::string name) : name_(std::move(name)) {}

  int rank() const override { return 0; }
  int size() const override { return 1; }
  const std::string& name() const override { return name_; }

  at::Tensor all_gather(const at::Tensor& input, std::int64_t, const std::vector<std::int64_t>&) override {
    return input;
  }
  std::vector<at::Tensor> all_to_all(const std::vector<at::Tensor>& inputs,
                                     const std::vector<std::vector<std::int64_t>>&) override {
    return inputs;
  }
  void all_reduce(at::Tensor&) override {}
  void broadcast(at::Tensor&, int) override {}
  std::unique_ptr<Exchange> start_send(const at::Tensor&, int destination, int) override {
    no_peer("send", destination);
  }
  std::unique_ptr<Exchange> start_receive(const std::vector<std::int64_t>&, const at::TensorOptions&,
                                          int source, int) override {
    no_peer("receive", source);
  }
  std::unique_ptr<Exchange> start_exchange(const at::Tensor&, int destination,
                                           const std::vector<std::int64_t>&, int) override {
    no_peer("exchange", destination);
  }
  void barrier() override {}

 private:
  [[noreturn]] void no_peer(const char* verb, int peer) const {
    throw RunError(
        fmt::format("{} in group '{}': it has one rank, so there is no peer {}", verb, name_, peer));
  }

  std::string name_;
};

}  // namespace

void Group::send(const at::Tensor& tensor, int destination, int tag) {
  start_send(tensor, destination, tag)->wait();
}

void Group::receive(at::Tensor& tensor, int source, int tag) {
  tensor.copy_(start_receive(tensor.sizes().vec(), tensor.options(), source, tag)->wait());
}

std::shared_ptr<Group> self_group(const std::string& name) { return std::make_shared<SelfGroup>(name); }

}  // namespace isoframe::model::parallel
