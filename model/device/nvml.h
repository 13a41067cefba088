#pragma once

#include <string>

#include "model/device/device.h"

namespace isoframe::model::device {

/// Readings of the driver's management library for the GPU at this PCI bus id, or why there are none: it
/// comes with the driver, is not linked, and containers often lack it.
void add_nvml(const std::string& bus_id, Description& description);

}  // namespace isoframe::model::device
