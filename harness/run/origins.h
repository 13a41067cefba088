#pragma once
// Origins of rounds that start now: the build, machine and content that they are measured with.

#include <filesystem>

#include "harness/scenario/case.h"
#include "model/checkpoint/content.h"
#include "reports/records/origin.h"

namespace isoframe::harness::run {

class Origins {
 public:
  Origins();

  /// Build, machine, and the content of the case's checkpoint and image as they are now.  Files are read
  /// again only when they have changed.  Throws InputError naming one that cannot be read.
  reports::records::Origin of(const scenario::Case& spec);

 private:
  reports::records::Origin build_and_machine_;
  model::checkpoint::ContentFingerprints content_;
};

}  // namespace isoframe::harness::run
