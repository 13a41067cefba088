#pragma once
// Origins of rounds that start now: the build, machine and content that they are measured with.

#include <filesystem>

#include "harness/run/engines.h"
#include "harness/scenario/case.h"
#include "model/checkpoint/content.h"
#include "reports/records/origin.h"

namespace isoframe::harness::run {

class Origins {
 public:
  /// `engines` must outlive this.
  explicit Origins(Engines& engines);

  /// Build, machine, the content of the case's checkpoint and image, and another engine's version and files,
  /// as they are now.  Files are read again only when they have changed.  Throws InputError naming one that
  /// cannot be read, RunError for an engine that does not say who it is.
  reports::records::Origin of(const scenario::Case& spec);

 private:
  Engines& engines_;
  reports::records::Origin build_and_machine_;
  model::checkpoint::ContentFingerprints content_;
};

}  // namespace isoframe::harness::run
