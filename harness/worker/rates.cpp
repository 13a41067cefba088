#include "harness/worker/rates.h"

#include <chrono>
#include <functional>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "harness/locate/fingerprint.h"
#include "harness/measure/host_load.h"
#include "model/device/device.h"
#include "model/parallel/network.h"

namespace isoframe::harness::worker {

namespace records = reports::records;
using model::parallel::Group;

namespace {

constexpr std::int64_t kMemoryFloats = 16 << 20;
constexpr int kCopies = 8;
constexpr std::int64_t kSide = 1024;
constexpr int kProducts = 5;
constexpr std::int64_t kMessageFloats = 2 << 20;
constexpr int kTrips = 4;
constexpr int kSmallTrips = 20;
constexpr std::uint64_t kSeed = 2024;

/// Draws numbers that are the same on every rank, whatever its device.
at::Tensor noise(at::IntArrayRef shape, std::uint64_t seed, const c10::Device& device) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed)).to(device);
}

double seconds_of(const c10::Device& device, const std::function<void()>& work) {
  model::device::synchronize(device);
  const auto start = std::chrono::steady_clock::now();
  work();
  model::device::synchronize(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

records::MemoryRate memory_rate(const c10::Device& device) {
  const at::Tensor from = noise({kMemoryFloats}, kSeed, device);
  at::Tensor to = at::empty_like(from);
  to.copy_(from);  // touches every page before the timing starts
  const double seconds = seconds_of(device, [&] {
    for (int k = 0; k < kCopies; ++k) to.copy_(from);
  });
  return {.bytes_per_second = 2.0 * kCopies * static_cast<double>(from.nbytes()) / seconds,
          .intact = at::equal(from, to)};
}

records::ComputeRate compute_rate(const c10::Device& device) {
  const at::Tensor a = noise({kSide, kSide}, kSeed, device), b = noise({kSide, kSide}, kSeed + 1, device);
  at::Tensor product = at::mm(a, b);
  const double seconds = seconds_of(device, [&] {
    for (int k = 0; k < kProducts; ++k) at::mm_out(product, a, b);
  });
  const double flops = 2.0 * kProducts * static_cast<double>(kSide * kSide * kSide);
  return {.flops_per_second = flops / seconds,
          .result = fmt::format("{:016x}", locate::fingerprint(product).hash)};
}

/// One end of a link between two ranks, of which the lower one sends first.
class Link {
 public:
  Link(Group& world, int peer, const c10::Device& device) : world_(world), peer_(peer), device_(device) {}

  records::LinkRate rate() const {
    const std::uint64_t pair = static_cast<std::uint64_t>(lower()) * world_.size() + upper();
    const at::Tensor message = noise({kMessageFloats}, kSeed + pair, device_);
    const at::Tensor token = noise({1}, kSeed, device_);
    std::vector<at::Tensor> received;
    trips(message, 1, received);
    received.clear();
    const double large = seconds_of(device_, [&] { trips(message, kTrips, received); });
    bool intact = true;
    for (const at::Tensor& one : received) intact = intact && at::equal(one, message);
    received.clear();
    const double small = seconds_of(device_, [&] { trips(token, kSmallTrips, received); });
    return {.peer = peer_,
            .bytes_per_second = 2.0 * kTrips * static_cast<double>(message.nbytes()) / large,
            .latency_seconds = small / (2.0 * kSmallTrips),
            .intact = intact};
  }

 private:
  int lower() const { return std::min(world_.rank(), peer_); }
  int upper() const { return std::max(world_.rank(), peer_); }

  at::Tensor receive(const at::Tensor& like) const {
    return world_.start_receive(like.sizes().vec(), like.options(), peer_, /*tag=*/0)->wait();
  }

  /// Sends messages there and back; the upper rank returns those that it received, so that a fault on either
  /// way shows on the lower one.
  void trips(const at::Tensor& message, int count, std::vector<at::Tensor>& received) const {
    for (int k = 0; k < count; ++k) {
      if (world_.rank() == lower()) {
        world_.send(message, peer_, /*tag=*/0);
        received.push_back(receive(message));
      } else {
        received.push_back(receive(message));
        world_.send(received.back(), peer_, /*tag=*/0);
      }
    }
  }

  Group& world_;
  int peer_;
  c10::Device device_;
};

std::vector<records::LinkRate> link_rates(Group& world, const c10::Device& device) {
  std::vector<records::LinkRate> links;
  for (int a = 0; a < world.size(); ++a) {
    for (int b = a + 1; b < world.size(); ++b) {
      world.barrier();
      if (world.rank() == a || world.rank() == b)
        links.push_back(Link(world, world.rank() == a ? b : a, device).rate());
    }
  }
  return links;
}

}  // namespace

records::MachineRates rates_of(Group& world, const c10::Device& device) {
  world.barrier();
  const measure::HostWatch watch(measure::HostWatch::Own::kProcess);
  records::MachineRates rates;
  rates.rank = world.rank();
  rates.host = model::parallel::host_name();
  rates.memory = memory_rate(device);
  world.barrier();
  rates.compute = compute_rate(device);
  rates.links = link_rates(world, device);
  // Readings of all ranks end together: none takes the work of a slower one for another program's.
  world.barrier();
  rates.load = watch.load(rates.host);
  return rates;
}

}  // namespace isoframe::harness::worker
