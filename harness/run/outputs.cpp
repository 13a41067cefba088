#include "harness/run/outputs.h"

#include <exception>

#include "base/files.h"
#include "metrics/frames.h"
#include "model/checkpoint/safetensors.h"
#include "reports/video.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;

void keep_outputs(const fs::path& from, const fs::path& to) {
  for (const char* name : {"latents.safetensors", "frames.safetensors"}) fs::rename(from / name, to / name);
  for (const fs::path& folder : {from, to}) base::sync_folder(folder);
}

std::string keep_video(const fs::path& folder) {
  const fs::path video = folder / "video.mp4";
  try {
    const model::checkpoint::SafetensorsFile file(folder / "frames.safetensors");
    const at::Tensor frames = file.tensor("frames").contiguous();
    if (reports::is_whole_video(video, frames.size(0))) return {};
    const metrics::ByteVideo bytes =
        metrics::quantize({frames.const_data_ptr<float>(), frames.size(0), frames.size(1), frames.size(2)});
    reports::write_video(video, bytes.view());
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace isoframe::harness::run
