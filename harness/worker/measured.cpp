#include "harness/worker/measured.h"

#include <chrono>
#include <optional>

#include "harness/locate/recording_probe.h"
#include "harness/measure/memory.h"
#include "harness/measure/memory_probe.h"
#include "model/device/device.h"
#include "model/kernels/caching_allocator.h"

namespace isoframe::harness::worker {

using nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace kernels = model::kernels;

namespace {

json optional_bytes(const std::optional<std::uint64_t>& bytes) { return bytes ? json(*bytes) : json(); }

json collectives_of(const model::parallel::Mesh& mesh) {
  json rows = json::array();
  for (const auto& group : mesh.groups())
    for (const auto& [collective, traffic] : group->traffic())
      rows.push_back({{"group", group->name()},
                      {"collective", collective},
                      {"calls", traffic.calls},
                      {"bytes_sent", traffic.bytes_sent},
                      {"bytes_received", traffic.bytes_received},
                      {"seconds", traffic.seconds}});
  return rows;
}

json device_memory_of(const c10::Device& device) {
  const auto memory = model::device::memory(device);
  if (!memory) return nullptr;
  return {{"peak_allocated_bytes", memory->peak_allocated},
          {"peak_reserved_bytes", memory->peak_reserved},
          {"used_bytes", memory->used},
          {"total_bytes", memory->total}};
}

/// On a GPU tensors lie there; its own allocator counts them.
std::uint64_t peak_tensor_bytes(const c10::Device& device) {
  const auto memory = model::device::memory(device);
  return memory ? memory->peak_allocated : kernels::memory_statistics().peak;
}

std::uint64_t live_tensor_bytes(const c10::Device& device) {
  const auto memory = model::device::memory(device);
  return memory ? memory->allocated : kernels::memory_statistics().live;
}

}  // namespace

json device_of(const c10::Device& device) {
  const auto found = model::device::describe(device);
  if (!found) return nullptr;
  const auto number = [](const std::optional<double>& value) { return value ? json(*value) : json(); };
  return {{"index", device.index()},
          {"name", found->name},
          {"compute_capability", found->compute_capability},
          {"memory_bytes", found->memory_bytes},
          {"driver", found->driver.empty() ? json() : json(found->driver)},
          {"celsius", number(found->celsius)},
          {"power_watts", number(found->power_watts)},
          {"sm_clock_hertz", number(found->sm_clock_hertz)},
          {"nvml", found->nvml_absence.empty() ? json("present") : json(found->nvml_absence)}};
}

measure::Moved moved_by(const model::parallel::Mesh& mesh) {
  measure::Moved moved;
  for (const auto& group : mesh.groups()) {
    for (const auto& [collective, traffic] : group->traffic()) {
      moved.bytes_sent += traffic.bytes_sent;
      moved.bytes_received += traffic.bytes_received;
      moved.seconds += traffic.seconds;
    }
  }
  return moved;
}

void record_collectives(const model::parallel::Mesh& mesh, measure::TimingProbe& probe) {
  for (const auto& group : mesh.groups())
    group->set_observer([&probe](const model::parallel::CollectiveCall& call) {
      probe.collective(call.group, call.collective, call.start,
                       {call.bytes_sent, call.bytes_received, call.seconds});
    });
}

Measured measure_one(const model::pipeline::Pipeline& model, const model::pipeline::Request& request,
                     measure::TimingProbe& probe, const c10::Device& device, model::Probe& beside) {
  const model::parallel::Mesh& mesh = model.mesh();
  for (const auto& group : mesh.groups()) group->reset_traffic();
  kernels::reset_peak_memory();
  model::device::reset_peak_memory(device);
  measure::reset_peak_resident();
  measure::PeakProportional proportional;

  mesh.world->barrier();
  mesh.world->reset_traffic();
  probe.clear();
  measure::MemoryProbe memory([device] { return live_tensor_bytes(device); });
  locate::ProbeChain probes({&probe, &memory, &beside});
  const Clock::time_point start = Clock::now();
  Measured measured;
  measured.video = model.generate(request, probes);
  model::device::synchronize(device);
  measured.total_seconds = std::chrono::duration<double>(Clock::now() - start).count();

  double communication = 0.0;
  const json collectives = collectives_of(mesh);
  for (const json& row : collectives) communication += row.at("seconds").get<double>();
  measured.record = {{"total_seconds", measured.total_seconds},
                     {"communication_seconds", communication},
                     {"stages", probe.occurrences()},
                     {"busy", probe.busy()},
                     {"live_tensor_bytes", memory.live()},
                     {"peak_resident_bytes", optional_bytes(measure::peak_resident_bytes())},
                     {"peak_proportional_bytes", optional_bytes(proportional.stop())},
                     {"peak_tensor_bytes", peak_tensor_bytes(device)},
                     {"device_memory", device_memory_of(device)},
                     {"collectives", collectives}};
  return measured;
}

}  // namespace isoframe::harness::worker
