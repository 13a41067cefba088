#include "harness/launch/progress_reader.h"

#include <optional>
#include <string>
#include <utility>

namespace isoframe::harness::launch {

std::vector<Progress> ProgressReader::read(std::string_view bytes) {
  std::vector<Progress> reports;
  for (const std::string& line : lines_.read(bytes))
    if (std::optional<Progress> progress = from_line(rank_, line)) reports.push_back(std::move(*progress));
  return reports;
}

}  // namespace isoframe::harness::launch
