#include "harness/plan/measured_device.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/error.h"
#include "harness/measure/environment.h"
#include "harness/scenario/dtype.h"
#include "model/device/device.h"
#include "model/parallel/in_process.h"

namespace isoframe::harness::plan {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTrials = 7;
constexpr double kTrialSeconds = 0.05;
constexpr const char* kDtypes[] = {"float32", "bfloat16", "float16"};

/// The least time of one call of `work`, over several trials of a few calls each.
double least_seconds(const c10::Device& device, const std::function<void()>& work) {
  const auto seconds_of = [&](int calls) {
    model::device::synchronize(device);
    const auto start = Clock::now();
    for (int k = 0; k < calls; ++k) work();
    model::device::synchronize(device);
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  work();
  const int calls = std::clamp(static_cast<int>(kTrialSeconds / seconds_of(1)), 1, 1000);
  double least = std::numeric_limits<double>::infinity();
  for (int trial = 0; trial < kTrials; ++trial) least = std::min(least, seconds_of(calls) / calls);
  return least;
}

double product_rate(const c10::Device& device, at::ScalarType dtype) {
  const std::int64_t side = device.is_cpu() ? 1024 : 8192;
  const at::TensorOptions options = at::TensorOptions(device).dtype(dtype);
  const at::Tensor a = at::randn({side, side}, options), b = at::randn({side, side}, options);
  at::Tensor product = at::empty({side, side}, options);
  const double seconds = least_seconds(device, [&] { at::mm_out(product, a, b); });
  return 2.0 * static_cast<double>(side * side * side) / seconds;
}

double convolution_rate(const c10::Device& device, at::ScalarType dtype) {
  const std::int64_t channels = device.is_cpu() ? 128 : 512, frames = 4, side = device.is_cpu() ? 32 : 128;
  const at::TensorOptions options = at::TensorOptions(device).dtype(dtype);
  const at::Tensor weight = at::randn({channels, channels, 3, 3, 3}, options),
                   input = at::randn({1, channels, frames + 2, side + 2, side + 2}, options)
                               .contiguous(at::MemoryFormat::ChannelsLast3d);
  const std::vector<std::int64_t> none(3, 0), ones(3, 1);
  const double seconds = least_seconds(device, [&] {
    // ATen's own choice on the CPU is not always oneDNN.
    if (device.is_cpu()) {
      at::mkldnn_convolution(input, weight, {}, none, ones, ones, 1);
    } else {
      at::conv3d(input, weight);
    }
  });
  return 2.0 * 27.0 * static_cast<double>(channels * channels * frames * side * side) / seconds;
}

double memory_rate(const c10::Device& device) {
  const std::int64_t bytes = device.is_cpu() ? 64 << 20 : 1 << 30;
  const at::Tensor from = at::ones({bytes}, at::TensorOptions(device).dtype(at::kByte));
  at::Tensor to = at::empty_like(from);
  return 2.0 * static_cast<double>(bytes) / least_seconds(device, [&] { to.copy_(from); });
}

/// What two ranks of this machine send each other at once, a second and direction.
double link_rate_of_ranks() {
  constexpr std::int64_t kBytes = 16 << 20;
  double rate = 0.0;
  model::parallel::run_in_threads(2, [&](model::parallel::Rendezvous& rendezvous) {
    const auto world = rendezvous.group("world", {0, 1});
    const std::vector<at::Tensor> blocks(2, at::ones({kBytes}, at::kByte));
    double least = std::numeric_limits<double>::infinity();
    for (int trial = 0; trial <= kTrials; ++trial) {
      world->barrier();
      const auto start = Clock::now();
      // Each keeps one of its two blocks.
      world->all_to_all(blocks, {{kBytes}, {kBytes}});
      // The first one connects.
      if (trial > 0) least = std::min(least, std::chrono::duration<double>(Clock::now() - start).count());
    }
    if (rendezvous.rank() == 0) rate = static_cast<double>(kBytes) / least;
  });
  return rate;
}

/// What one GPU copies to another, a second.
double link_rate_of_devices(const c10::Device& device) {
  const std::int64_t bytes = 1 << 30;
  const at::Tensor from = at::ones({bytes}, at::TensorOptions(device).dtype(at::kByte));
  const c10::Device second(device.type(), static_cast<c10::DeviceIndex>(device.index() + 1));
  at::Tensor to = at::empty({bytes}, at::TensorOptions(second).dtype(at::kByte));
  return static_cast<double>(bytes) / least_seconds(device, [&] { to.copy_(from); });
}

bool has_second(const std::string& device) {
  try {
    model::device::check_available(device, 2);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::string giga(double rate) { return fmt::format("{:.1f}", rate / 1e9); }

}  // namespace

MeasuredRates measure_rates(const std::string& name, int threads) {
  const c10::InferenceMode inference;
  model::device::check_available(name);
  const c10::Device device = model::device::take(name, /*local_rank=*/0);
  model::device::compute_reproducibly(device);
  const int before = at::get_num_threads();
  at::set_num_threads(threads);
  MeasuredRates rates;
  for (const char* dtype : kDtypes) {
    const at::ScalarType type = scenario::scalar_type_of(dtype);
    rates.arithmetic[dtype] = {product_rate(device, type), convolution_rate(device, type)};
  }
  if (device.is_cpu()) {
    const ArithmeticRate wide = rates.arithmetic.at("float32");
    for (auto& [dtype, rate] : rates.arithmetic) {
      rate.product = std::max(rate.product, wide.product);
      rate.convolution = std::max(rate.convolution, wide.convolution);
    }
  }
  rates.memory_bandwidth = memory_rate(device);
  rates.link_bandwidth = device.is_cpu()    ? link_rate_of_ranks()
                         : has_second(name) ? link_rate_of_devices(device)
                                            : rates.memory_bandwidth;
  at::set_num_threads(before);
  return rates;
}

Device device_of(const MeasuredRates& rates, const std::string& name, int threads) {
  Device device;
  if (const auto gpu = model::device::describe(model::device::take(name, /*local_rank=*/0))) {
    device.name = gpu->name;
    device.memory_bytes = static_cast<double>(gpu->memory_bytes);
  } else {
    device.is_cpu = true;
    const reports::records::Environment here = measure::environment();
    device.name = fmt::format("{}, {} {} a rank", here.cpu.empty() ? "this processor" : here.cpu, threads,
                              threads == 1 ? "thread" : "threads");
    device.memory_bytes = static_cast<double>(here.memory_bytes);
  }
  for (const auto& [dtype, rate] : rates.arithmetic)
    device.flops[dtype] = std::max(rate.product, rate.convolution);
  device.memory_bandwidth = rates.memory_bandwidth;
  device.link_bandwidth = rates.link_bandwidth;
  return device;
}

void write_device(std::ostream& stream, const Device& device, const MeasuredRates& rates) {
  YAML::Emitter yaml(stream);
  const auto comment = [&](const std::string& text) { yaml << YAML::Comment(text); };
  yaml << YAML::BeginMap << YAML::Key << "name" << YAML::Value << YAML::DoubleQuoted << device.name;
  yaml << YAML::Key << "device" << YAML::Value << (device.is_cpu ? "cpu" : "cuda");
  yaml << YAML::Key << "flops" << YAML::Value;
  comment("a second: the better of products and convolutions");
  yaml << YAML::BeginMap;
  for (const char* dtype : kDtypes) {
    const ArithmeticRate& rate = rates.arithmetic.at(dtype);
    yaml << YAML::Key << dtype << YAML::Value << fmt::format("{:.4e}", device.flops.at(dtype));
    comment(fmt::format("products {}, convolutions {} GFLOP/s", giga(rate.product), giga(rate.convolution)));
  }
  yaml << YAML::EndMap;
  const auto row = [&](const char* key, double value, const char* meaning) {
    yaml << YAML::Key << key << YAML::Value << fmt::format("{:.4e}", value);
    comment(meaning);
  };
  row("memory_bytes", device.memory_bytes, "of the machine, or of the GPU");
  row("memory_bandwidth", device.memory_bandwidth, "bytes a second, read and written");
  row("link_bandwidth", device.link_bandwidth,
      "bytes a second and direction, between two ranks of this machine");
  yaml << YAML::EndMap;
  stream << '\n';
}

}  // namespace isoframe::harness::plan
