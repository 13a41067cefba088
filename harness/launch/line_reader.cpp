#include "harness/launch/line_reader.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace isoframe::harness::launch {

namespace {

constexpr std::size_t kLongestLine = 1 << 20;

}  // namespace

std::vector<std::string> LineReader::read(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    partial_.append(bytes.substr(0, std::min(end, kLongestLine - std::min(kLongestLine, partial_.size()))));
    if (end == std::string_view::npos) break;
    lines.push_back(std::exchange(partial_, {}));
    bytes.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace isoframe::harness::launch
