#include "harness/run/outputs.h"

#include "metrics/frames.h"
#include "model/checkpoint/safetensors.h"
#include "reports/video.h"

namespace isoframe::harness::run {

namespace {

void write_video_of(const std::filesystem::path& frames_file, const std::filesystem::path& video_file) {
  const at::Tensor frames = model::checkpoint::SafetensorsFile(frames_file).tensor("frames").contiguous();
  const metrics::ByteVideo bytes =
      metrics::quantize({frames.const_data_ptr<float>(), frames.size(0), frames.size(1), frames.size(2)});
  reports::write_video(video_file, bytes.view());
}

}  // namespace

void keep_outputs(const std::filesystem::path& from, const std::filesystem::path& to) {
  write_video_of(from / "frames.safetensors", to / "video.mp4");
  for (const char* name : {"latents.safetensors", "frames.safetensors"})
    std::filesystem::rename(from / name, to / name);
}

}  // namespace isoframe::harness::run
