#include "harness/compare/open_frames.h"

#include <fmt/format.h>

#include "base/error.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::compare {

namespace fs = std::filesystem;

namespace {

/// Reads from a mapped file, so that only the pages of the current frame need memory.
class FloatFramesReader : public metrics::FrameReader {
 public:
  explicit FloatFramesReader(const fs::path& path) : file_(path), frames_(file_.tensor("frames")) {
    if (!frames_.is_floating_point() || frames_.dim() != 4 || frames_.size(3) != 3)
      throw InputError(fmt::format("{}: 'frames' is not float [F, H, W, 3]", path.string()));
    if (frames_.numel() == 0) throw InputError(fmt::format("{}: there are no frames in it", path.string()));
    info_ = {"float frames", frames_.size(1), frames_.size(2), frames_.size(0), {}, {}, {}, {}};
  }

  const metrics::VideoInfo& info() const override { return info_; }

  bool read(metrics::Frame& frame) override {
    if (next_ == frames_.size(0)) return false;
    const at::Tensor values = frames_.select(0, next_++).to(at::kFloat).contiguous();
    const float* data = values.const_data_ptr<float>();
    frame.floats.assign(data, data + values.numel());
    frame.decoded.format.name = "floats";
    frame.rgb.resize(frame.floats.size());
    metrics::quantize(data, values.numel(), frame.rgb.data());
    return true;
  }

 private:
  model::checkpoint::SafetensorsFile file_;
  at::Tensor frames_;
  metrics::VideoInfo info_;
  std::int64_t next_ = 0;
};

}  // namespace

std::unique_ptr<metrics::FrameReader> open_frames(const fs::path& path) {
  if (path.extension() == ".safetensors" && !fs::is_directory(path))
    return std::make_unique<FloatFramesReader>(path);
  if (fs::is_regular_file(path / "frames.safetensors"))
    return std::make_unique<FloatFramesReader>(path / "frames.safetensors");
  return metrics::open_video(path);
}

}  // namespace isoframe::harness::compare
