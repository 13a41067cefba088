#pragma once
// What nearly every source in model/ includes, parsed once.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
