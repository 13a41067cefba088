#pragma once

#include <mutex>

namespace isoframe::base {

/// Silence of the standard error, for as long as it lives: libpng and libjpeg print there what they find in a
/// damaged file, OpenCV hands on no way to catch it, and the error that is thrown says the same.  One at a
/// time, as descriptors are the process's.
class QuietStandardError {
 public:
  QuietStandardError();
  ~QuietStandardError();
  QuietStandardError(const QuietStandardError&) = delete;
  QuietStandardError& operator=(const QuietStandardError&) = delete;

 private:
  std::lock_guard<std::mutex> lock_;
  int saved_;
};

}  // namespace isoframe::base
