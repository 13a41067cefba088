#include "harness/measure/memory_probe.h"

#include <nlohmann/json.hpp>

#include "reports/records/stages.h"

namespace isoframe::harness::measure {

using nlohmann::json;

void MemoryProbe::end(model::ProbePoint point) {
  if (reports::records::is_stage(point.name, reports::records::StageKind::kStep))
    left_.push_back({std::string(reports::records::whole_of(point.name)), point.index, live_bytes_()});
  else if (reports::records::is_outer_stage(point.name))
    left_.push_back({std::string(point.name), -1, live_bytes_()});
}

json MemoryProbe::live() const {
  json rows = json::array();
  for (const Left& left : left_)
    rows.push_back(
        {{"stage", left.stage}, {"step", left.step < 0 ? json() : json(left.step)}, {"bytes", left.bytes}});
  return rows;
}

}  // namespace isoframe::harness::measure
