#include "harness/measure/memory_probe.h"

#include <string>

#include "reports/records/stages.h"

namespace isoframe::harness::measure {

void MemoryProbe::end(model::ProbePoint point) {
  using reports::records::StageKind;
  if (reports::records::is_stage(point.name, StageKind::kStep)) {
    const std::string whole(reports::records::whole_of(point.name));
    live_.push_back({.stage = whole, .step = point.index, .bytes = live_bytes_()});
  } else if (reports::records::is_outer_stage(point.name)) {
    live_.push_back({.stage = std::string(point.name), .step = {}, .bytes = live_bytes_()});
  }
}

}  // namespace isoframe::harness::measure
