#include "harness/worker/measured.h"

#include <chrono>
#include <vector>

#include "base/time.h"
#include "harness/locate/recording_probe.h"
#include "harness/measure/memory.h"
#include "harness/measure/memory_probe.h"
#include "model/device/device.h"
#include "model/kernels/caching_allocator.h"

namespace isoframe::harness::worker {

namespace kernels = model::kernels;
namespace records = reports::records;

namespace {

std::vector<records::Collective> collectives_of(const model::parallel::Mesh& mesh) {
  std::vector<records::Collective> rows;
  for (const auto& group : mesh.groups()) {
    for (const auto& [name, traffic] : group->traffic()) {
      records::Collective& row = rows.emplace_back();
      row.group = group->name();
      row.collective = name;
      row.calls = traffic.calls;
      row.bytes_sent = traffic.bytes_sent;
      row.bytes_received = traffic.bytes_received;
      row.seconds = traffic.seconds;
    }
  }
  return rows;
}

std::optional<records::DeviceMemory> device_memory_of(const c10::Device& device) {
  const auto memory = model::device::memory(device);
  if (!memory) return std::nullopt;
  return records::DeviceMemory{.peak_allocated_bytes = memory->peak_allocated,
                               .peak_reserved_bytes = memory->peak_reserved,
                               .used_bytes = memory->used,
                               .total_bytes = memory->total};
}

/// The most that tensors held: on a GPU they lie there, and its own allocator counts them.
std::uint64_t peak_tensor_bytes(const c10::Device& device) {
  const auto memory = model::device::memory(device);
  return memory ? memory->peak_allocated : kernels::memory_statistics().peak;
}

std::uint64_t live_tensor_bytes(const c10::Device& device) {
  const auto memory = model::device::memory(device);
  return memory ? memory->allocated : kernels::memory_statistics().live;
}

}  // namespace

std::optional<records::Device> device_of(const c10::Device& device) {
  const auto found = model::device::describe(device);
  if (!found) return std::nullopt;
  return records::Device{.index = device.index(),
                         .name = found->name,
                         .compute_capability = found->compute_capability,
                         .memory_bytes = found->memory_bytes,
                         .driver = found->driver,
                         .cuda = found->cuda,
                         .cudnn = found->cudnn,
                         .nccl = found->nccl,
                         .celsius = found->celsius,
                         .power_watts = found->power_watts,
                         .sm_clock_hertz = found->sm_clock_hertz,
                         .nvml = found->nvml_absence.empty() ? "present" : found->nvml_absence};
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

CollectiveRecorder::CollectiveRecorder(const model::parallel::Mesh& mesh, measure::TimingProbe& probe)
    : groups_(mesh.groups()) {
  for (const auto& group : groups_)
    group->set_observer([&probe](const model::parallel::CollectiveCall& call) {
      probe.collective(call.group, call.collective, call.start,
                       {call.bytes_sent, call.bytes_received, call.seconds});
    });
}

CollectiveRecorder::~CollectiveRecorder() {
  for (const auto& group : groups_) group->set_observer({});
}

Measured measure_one(const model::pipeline::Pipeline& model, const model::pipeline::Request& request,
                     measure::TimingProbe& probe, const c10::Device& device, model::Probe& beside) {
  const model::parallel::Mesh& mesh = model.mesh();
  for (const auto& group : mesh.groups()) group->reset_traffic();
  kernels::reset_peak_memory();
  model::device::reset_peak_memory(device);
  measure::reset_peak_resident();
  measure::PeakProportional proportional(mesh.layout.world_size());

  mesh.world->barrier();
  mesh.world->reset_traffic();
  probe.clear();
  measure::MemoryProbe memory([device] { return live_tensor_bytes(device); });
  locate::ProbeChain probes({&probe, &memory, &beside});
  const auto start = std::chrono::steady_clock::now();
  Measured measured;
  records::RankRecord& record = measured.record;
  measured.video = model.generate(request, probes);
  model::device::synchronize(device);
  record.total_seconds = base::seconds_since(start);

  record.stages = probe.occurrences();
  record.busy = probe.busy();
  record.live_tensor_bytes = memory.live();
  record.peak_resident_bytes = measure::peak_resident_bytes();
  record.peak_proportional_bytes = proportional.stop();
  record.peak_tensor_bytes = peak_tensor_bytes(device);
  record.device_memory = device_memory_of(device);
  record.collectives = collectives_of(mesh);
  for (const records::Collective& row : record.collectives) record.communication_seconds += row.seconds;
  return measured;
}

}  // namespace isoframe::harness::worker
