#pragma once

#include <mutex>

namespace isoframe::base {

/// While it lives, what libpng and libjpeg would print of a damaged file goes nowhere: OpenCV hands on no way
/// to catch it, and the error that is thrown says the same.  One at a time, as descriptors are the process's.
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
