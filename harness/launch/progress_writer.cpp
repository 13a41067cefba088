#include "harness/launch/progress_writer.h"

#include <fcntl.h>
#include <memory>
#include <string>
#include <unistd.h>

#include "base/file_descriptor.h"

namespace isoframe::harness::launch {

ProgressWriter ProgressWriter::to_file(const std::filesystem::path& path) {
  const auto file = std::make_shared<base::FileDescriptor>(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0644));
  return ProgressWriter([file](const Progress& progress) {
    const std::string line = to_line(progress);
    [[maybe_unused]] const ssize_t written = ::write(file->get(), line.data(), line.size());
  });
}

void ProgressWriter::write(std::string_view stage, std::int64_t index, std::int64_t of) const {
  if (send_) send_({.stage = std::string(stage), .index = index, .of = of});
}

}  // namespace isoframe::harness::launch
