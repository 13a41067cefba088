#pragma once
// Known faults: their description, how they are planted, and where they must be found.

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "harness/locate/recording_probe.h"
#include "model/parallel/mesh.h"
#include "model/pipeline/pipeline.h"
#include "model/probe.h"
#include "reports/records/selftest_record.h"

namespace isoframe::harness::selftest {

/// The video and the layout that a fault is planted in.
struct Setting {
  std::string layout;
  std::string task = "t2v";
  std::int64_t steps = 2;
  std::string dtype = "float32";  ///< another is judged by a locked run, if the layout is bounded

  auto operator<=>(const Setting&) const = default;
};

/// A rank's own copy of the checkpoint, made when something is first changed in it.
class CheckpointCopy {
 public:
  CheckpointCopy(std::filesystem::path original, std::filesystem::path copy)
      : original_(std::move(original)), copy_(std::move(copy)) {}

  /// Rewrites one tensor of a part ("transformer"), in place.
  void change(const std::string& part, const std::string& tensor,
              const std::function<void(const at::Tensor&)>& edit);
  /// The copy if there is one, else the original.
  const std::filesystem::path& directory() const { return is_made_ ? copy_ : original_; }

 private:
  void make();

  std::filesystem::path original_;
  std::filesystem::path copy_;
  bool is_made_ = false;
};

/// Entrances of a fault.  All but `probe` change objects that a rank is built from or given, so that model
/// code knows nothing of faults.  Each is called on every rank; an empty one changes nothing.
struct Plant {
  /// Makes a probe that writes into tensors at their probe points, before they are used; null for a rank that
  /// is left alone.
  std::function<std::unique_ptr<model::Probe>(int rank)> probe = {};
  /// Puts decorators around groups and sequence parallelism.
  std::function<void(model::parallel::Mesh&)> mesh = {};
  std::function<void(model::pipeline::Request&, int rank)> request = {};
  std::function<void(CheckpointCopy&, int rank)> checkpoint = {};
};

/// Kind of damage, which decides which gates must catch the fault.
enum class Harm { kFrames, kTime, kMemory };

struct Fault {
  std::string name;
  std::string what;  ///< describes the bug in a sentence
  Setting setting;
  Plant plant;
  reports::records::ExpectedPlace expected;
  Harm harm = Harm::kFrames;
};

}  // namespace isoframe::harness::selftest
