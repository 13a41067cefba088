#include "harness/launch/appended_lines.h"

#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include "base/file_descriptor.h"

namespace isoframe::harness::launch {

bool append_line(const std::filesystem::path& path, std::string_view line) {
  const base::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  return file.open() && ::write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

std::vector<std::string> AppendedLines::read() {
  std::ifstream stream(file_, std::ios::binary);
  if (!stream.seekg(position_)) return {};
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  position_ += static_cast<std::streamoff>(bytes.size());
  return lines_.read(bytes);
}

}  // namespace isoframe::harness::launch
