#include "harness/launch/progress.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>

#include <fmt/format.h>

namespace isoframe::harness::launch {

namespace {

/// Hours only where there are any.
std::string clock_text(ProgressEstimate::Seconds seconds) {
  const long total = std::max(0L, static_cast<long>(seconds.count()));
  const long hours = total / 3600, minutes = total / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60)
                   : fmt::format("{}:{:02}", minutes, total % 60);
}

/// "denoise 3/8" counts as people do, from one.
std::string stage_text(const Progress& progress) {
  if (progress.index < 0) return progress.stage;
  return progress.of > 0 ? fmt::format("{} {}/{}", progress.stage, progress.index + 1, progress.of)
                         : fmt::format("{} {}", progress.stage, progress.index + 1);
}

bool can_rewrite(int descriptor) {
  if (::isatty(descriptor) == 0) return false;
  const char* terminal = std::getenv("TERM");
  return terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
}

/// A line that wraps cannot be rewritten.
std::size_t columns_of(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// The terminal may be gone; that is no reason to stop a run.
void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void ProgressEstimate::begin(std::string name, Seconds now) {
  name_ = std::move(name);
  progress_.reset();
  started_ = now;
}

void ProgressEstimate::update(const Progress& progress, Seconds now) {
  if (progress.rank != 0) return;
  if (progress.stage == "denoise" && progress.index == 0) first_step_at_ = now;
  progress_ = progress;
}

void ProgressEstimate::end(Seconds now) {
  ++finished_;
  spent_ += now - started_;
}

std::optional<ProgressEstimate::Seconds> ProgressEstimate::left(Seconds now) const {
  const Seconds in_round = now - started_;
  if (finished_ > 0) {
    const Seconds mean = spent_ / finished_;
    return std::max(Seconds(0), mean - in_round) + mean * (rounds_ - finished_ - 1);
  }
  if (!progress_ || progress_->stage != "denoise" || progress_->index < 1 || progress_->of < progress_->index)
    return std::nullopt;
  const Seconds step = (now - first_step_at_) / static_cast<double>(progress_->index);
  const Seconds rest = step * static_cast<double>(progress_->of - progress_->index);
  return rest + (in_round + rest) * (rounds_ - 1);
}

std::string ProgressEstimate::text(Seconds now) const {
  std::string result = fmt::format("[{}/{}] {}", finished_ + 1, rounds_, name_);
  if (progress_) result += ": " + stage_text(*progress_);
  result += ", " + clock_text(now);
  if (const std::optional<Seconds> rest = left(now))
    result += fmt::format(", about {} left", clock_text(*rest));
  return result;
}

ProgressLine::ProgressLine(int rounds, int descriptor)
    : estimate_(rounds), descriptor_(descriptor), enabled_(can_rewrite(descriptor)) {}

ProgressLine::~ProgressLine() { wipe(); }

void ProgressLine::begin(const std::string& name) {
  estimate_.begin(name, now());
  draw();
}

void ProgressLine::update(const Progress& progress) {
  estimate_.update(progress, now());
  draw();
}

void ProgressLine::end() {
  estimate_.end(now());
  wipe();
}

void ProgressLine::draw() {
  if (!enabled_) return;
  std::string text = estimate_.text(now()).substr(0, columns_of(descriptor_) - 1);
  if (text == shown_) return;
  shown_ = std::move(text);
  write_all(descriptor_, "\r" + shown_ + "\x1b[K");
}

void ProgressLine::wipe() {
  if (shown_.empty()) return;
  shown_.clear();
  write_all(descriptor_, "\r\x1b[K");
}

ProgressEstimate::Seconds ProgressLine::now() const { return std::chrono::steady_clock::now() - start_; }

}  // namespace isoframe::harness::launch
