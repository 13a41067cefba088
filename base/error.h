#pragma once
// The two kinds of error that reach a person.  Both carry one line: what is wrong, where, and how to mend it.

#include <stdexcept>

namespace isoframe {

/// Bad input or usage: the caller can mend it.  The program exits with 2.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A run that could not finish: a lost peer, a full disk, an out-of-memory.  The program exits with 3.
class RunError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace isoframe
