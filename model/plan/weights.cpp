#include "model/plan/weights.h"

#include <memory>
#include <stdexcept>

#include <ATen/ATen.h>

#include "model/parallel/group.h"
#include "model/parallel/sequence_parallel.h"
#include "model/parallel/tensor_parallel.h"
#include "model/parallel/usp.h"
#include "model/vae/vae.h"

namespace isoframe::model::plan {

using checkpoint::Parameters;

namespace {

/// A rank's place in a group that nobody will meet in.
class PlannedGroup : public parallel::Group {
 public:
  PlannedGroup(int rank, int size) : rank_(rank), size_(size) {}
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::string& name() const override { return name_; }

  at::Tensor all_gather(const at::Tensor&, std::int64_t, const std::vector<std::int64_t>&) override {
    refuse();
  }
  std::vector<at::Tensor> all_to_all(const std::vector<at::Tensor>&,
                                     const std::vector<std::vector<std::int64_t>>&) override {
    refuse();
  }
  void all_reduce(at::Tensor&) override { refuse(); }
  void broadcast(at::Tensor&, int) override { refuse(); }
  std::unique_ptr<parallel::Exchange> start_send(const at::Tensor&, int, int) override { refuse(); }
  std::unique_ptr<parallel::Exchange> start_receive(const std::vector<std::int64_t>&,
                                                    const at::TensorOptions&, int, int) override {
    refuse();
  }
  std::unique_ptr<parallel::Exchange> start_exchange(const at::Tensor&, int, const std::vector<std::int64_t>&,
                                                     int) override {
    refuse();
  }
  void barrier() override { refuse(); }

 private:
  [[noreturn]] static void refuse() { throw std::logic_error("a plan moves nothing"); }

  int rank_;
  int size_;
  std::string name_ = "tensor";
};

/// Counts what is asked for, each name once.
class Counter : public checkpoint::ParameterSource {
 public:
  at::Tensor parameter(const std::string& name, const checkpoint::Shape& shape) override {
    const at::Tensor whole = at::empty(shape, at::TensorOptions().dtype(at::kFloat).device(at::kMeta));
    numbers_[name] = whole.numel();
    return whole;
  }
  at::Tensor parameter(const std::string& name, const checkpoint::Shape& shape,
                       const checkpoint::Slice& slice) override {
    const at::Tensor part = parameter(name, shape).narrow(slice.dim, slice.begin, slice.length);
    numbers_[name] = part.numel();
    return part;
  }
  std::int64_t numbers() const {
    std::int64_t sum = 0;
    for (const auto& [name, numbers] : numbers_) sum += numbers;
    return sum;
  }

 private:
  std::map<std::string, std::int64_t> numbers_;
};

}  // namespace

std::map<std::string, std::int64_t> weight_numbers(const ModelConfig& model, const Generation& generation,
                                                   int tensor_rank) {
  const parallel::TensorParallel tensor(std::make_shared<PlannedGroup>(tensor_rank, generation.layout.tensor),
                                        generation.reduction, generation.reduction_parts);
  const auto sequence = parallel::make_ulysses(parallel::self_group("ulysses"));
  std::map<std::string, std::int64_t> numbers;
  const auto count = [&](const char* part, const auto& construct) {
    Counter counter;
    construct(Parameters(counter));
    numbers[part] = counter.numbers();
  };
  count("transformer", [&](const Parameters& parameters) {
    transformer::Transformer(model.transformer, parameters, *sequence, tensor);
  });
  count("vae", [&](const Parameters& parameters) { vae::Vae(model.vae, parameters, nullptr); });
  count("text_encoder", [&](const Parameters& parameters) {
    text::Qwen2_5_VLTextModel(model.text_encoder, parameters, tensor);
  });
  count("text_encoder_2",
        [&](const Parameters& parameters) { text::T5Encoder(model.text_encoder_2, parameters, tensor); });
  if (model.image_encoder) {
    count("image_encoder",
          [&](const Parameters& parameters) { vision::SiglipVisionModel(*model.image_encoder, parameters); });
  }
  return numbers;
}

}  // namespace isoframe::model::plan
