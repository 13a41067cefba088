#include "harness/launch/progress_writer.h"

#include <string>

namespace isoframe::harness::launch {

void ProgressWriter::write(std::string_view stage, std::int64_t index, std::int64_t of) const {
  if (send_) send_({.stage = std::string(stage), .index = index, .of = of});
}

}  // namespace isoframe::harness::launch
