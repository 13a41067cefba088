#include "harness/cli/version.h"

extern "C" {
#include <libavutil/avutil.h>
}
#include <gnu/libc-version.h>
#include <sqlite3.h>

#include <fmt/format.h>
#include <opencv2/core.hpp>

#include "harness/measure/environment.h"

namespace isoframe::harness::cli {

std::string version_text() {
  const reports::records::Environment build = measure::environment();
  return fmt::format(
      "isoframe {}\n"
      "commit {}, {} build by {}\n"
      "LibTorch {}, FFmpeg {}, OpenCV {}, SQLite {}, glibc {}",
      build.isoframe.version, build.isoframe.commit, build.build_type, build.compiler, build.libtorch,
      ::av_version_info(), cv::getVersionString(), ::sqlite3_libversion(), ::gnu_get_libc_version());
}

}  // namespace isoframe::harness::cli
