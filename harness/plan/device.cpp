#include "harness/plan/device.h"

#include <fmt/format.h>

#include "harness/scenario/number_range.h"
#include "harness/scenario/yaml_value.h"

namespace isoframe::harness::plan {

namespace {

using scenario::Entry;
using scenario::Value;

double positive(const Entry& entry) { return scenario::number_above_zero(entry.value, entry.key); }

std::map<std::string, double> read_flops(const Value& value) {
  std::map<std::string, double> flops;
  for (const Entry& entry : value.mapping("flops", {"float32", "bfloat16", "float16"}))
    flops[entry.key] = positive(entry);
  return flops;
}

bool is_cpu(const Value& value) {
  const std::string device = value.text("device");
  if (device != "cpu" && device != "cuda") value.fail(fmt::format("device is cpu or cuda, not '{}'", device));
  return device == "cpu";
}

}  // namespace

Device read_device(const std::filesystem::path& file) {
  Device device;
  const Value root = scenario::read_yaml(file);
  for (const Entry& entry : root.mapping(
           "a device description",
           {"name", "device", "dtype", "flops", "memory_bytes", "memory_bandwidth", "link_bandwidth"})) {
    if (entry.key == "name") device.name = entry.value.text("name");
    if (entry.key == "device") device.is_cpu = is_cpu(entry.value);
    if (entry.key == "dtype") device.dtype = entry.value.text("dtype");
    if (entry.key == "flops") device.flops = read_flops(entry.value);
    if (entry.key == "memory_bytes") device.memory_bytes = positive(entry);
    if (entry.key == "memory_bandwidth") device.memory_bandwidth = positive(entry);
    if (entry.key == "link_bandwidth") device.link_bandwidth = positive(entry);
  }
  const std::pair<const char*, bool> required[] = {{"name", !device.name.empty()},
                                                   {"flops", !device.flops.empty()},
                                                   {"memory_bytes", device.memory_bytes > 0.0},
                                                   {"memory_bandwidth", device.memory_bandwidth > 0.0},
                                                   {"link_bandwidth", device.link_bandwidth > 0.0}};
  for (const auto& [key, is_given] : required)
    if (!is_given) root.fail(fmt::format("a device description needs {}", key));
  if (!device.dtype.empty() && !device.flops.contains(device.dtype))
    root.fail(fmt::format("flops has no {}, which dtype asks for", device.dtype));
  return device;
}

}  // namespace isoframe::harness::plan
