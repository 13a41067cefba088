#pragma once
// One line on a terminal that says how far a run is; nothing anywhere else.

#include <chrono>
#include <optional>
#include <string>
#include <unistd.h>

#include "harness/launch/progress_report.h"

namespace isoframe::harness::launch {

/// Estimate of how far a run of several rounds is and how long it may still take; the caller passes times.
class ProgressEstimate {
 public:
  using Seconds = std::chrono::duration<double>;

  explicit ProgressEstimate(int rounds) : rounds_(rounds) {}

  void begin(std::string name, Seconds now);
  /// Takes a report.  Only rank 0's count; the others are in the same stage or wait for it.
  void update(const Progress& progress, Seconds now);
  void end(Seconds now);

  /// Time left, from the mean of finished rounds; in the first round from the pace of its denoising steps,
  /// which leaves the decode out.  Unknown before either.
  std::optional<Seconds> left(Seconds now) const;
  /// "[2/14] t2v-usp2: denoise 3/8, 0:42, about 1:30 left"
  std::string text(Seconds now) const;

 private:
  int rounds_;
  int finished_ = 0;
  std::string name_;
  std::optional<Progress> progress_;
  Seconds started_{0};        ///< the current round
  Seconds first_step_at_{0};  ///< when its first denoising step was reported
  Seconds spent_{0};          ///< in finished rounds
};

/// A line rewritten in place with every report.  Silent when the descriptor is no terminal or TERM is dumb;
/// without colours in any case.
class ProgressLine {
 public:
  explicit ProgressLine(int rounds, int descriptor = STDERR_FILENO);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void begin(const std::string& name);
  void update(const Progress& progress);
  /// Ends a round: the line is wiped until the next begins.
  void end();

 private:
  void draw();
  void wipe();
  ProgressEstimate::Seconds now() const;

  ProgressEstimate estimate_;
  const int descriptor_;
  const bool enabled_;
  std::string shown_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace isoframe::harness::launch
