#include "harness/selftest/plants.h"

#include <bit>

#include <ATen/ATen.h>

namespace isoframe::harness::selftest {

namespace {

class WatchingProbe : public locate::PlaceProbe {
 public:
  explicit WatchingProbe(Watch watch) : watch_(std::move(watch)) {}

 private:
  void at_place(const locate::Place& place, const model::ProbePoint&, const at::Tensor& value) override {
    watch_(place, value);
  }
  Watch watch_;
};

bool concerns(int chosen, int rank) { return chosen == kEveryRank || chosen == rank; }

}  // namespace

bool is_at(const locate::Place& place, const Spot& spot) {
  return place.name == spot.name && (spot.index < 0 || place.index == spot.index) &&
         (spot.step < 0 || locate::stage_index(place, "denoise.step") == spot.step);
}

Plant watching(int rank, const std::function<Watch()>& make) {
  return {.probe = [rank, make](int own) -> std::unique_ptr<model::Probe> {
    if (!concerns(rank, own)) return nullptr;
    return std::make_unique<WatchingProbe>(make());
  }};
}

Plant at_point(const Spot& spot, int rank, const Change& change) {
  return watching(rank, [spot, change]() -> Watch {
    return [spot, change](const locate::Place& place, const at::Tensor& value) {
      if (is_at(place, spot)) change(value);
    };
  });
}

Plant in_group(
    std::shared_ptr<model::parallel::Group> model::parallel::Mesh::*group, int rank,
    const std::function<std::shared_ptr<model::parallel::Group>(std::shared_ptr<model::parallel::Group>)>&
        make) {
  return {.mesh = [group, rank, make](model::parallel::Mesh& mesh) {
    if (concerns(rank, mesh.rank) && mesh.*group) mesh.*group = make(mesh.*group);
  }};
}

Plant in_weights(const std::string& part, const std::string& tensor, int rank, const Change& change) {
  return {.checkpoint = [=](CheckpointCopy& copy, int own) {
    if (concerns(rank, own)) copy.change(part, tensor, change);
  }};
}

Plant in_request(const std::function<void(model::pipeline::Request&, int rank)>& change) {
  return {.request = change};
}

void flip_bit(const at::Tensor& tensor, int bit) {
  at::Tensor value = tensor;
  while (value.dim() > 0) value = value.select(0, value.size(0) / 2);
  const auto bits = std::bit_cast<std::uint32_t>(value.item<float>());
  value.fill_(std::bit_cast<float>(bits ^ (1U << bit)));
}

void flip_last_bit(const at::Tensor& tensor) { flip_bit(tensor, 0); }

}  // namespace isoframe::harness::selftest
