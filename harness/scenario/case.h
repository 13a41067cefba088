#pragma once
// A case: one video under one layout, as plain data.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/scenario/gates.h"
#include "harness/scenario/location.h"
#include "model/parallel/layout.h"
#include "model/parallel/numerics.h"
#include "reports/records/published.h"

namespace isoframe::harness::scenario {

struct Case {
  std::string name;
  std::string task = "t2v";
  std::filesystem::path checkpoint;
  std::filesystem::path image;  ///< first frame of i2v; empty for t2v
  std::string prompt;
  std::string negative_prompt;
  std::int64_t height = 0;  ///< pixels; 0 for i2v means from the image
  std::int64_t width = 0;
  std::int64_t frames = 0;
  std::int64_t steps = 0;
  std::uint64_t seed = 0;
  std::optional<double> guidance_scale;  ///< the checkpoint's own where unset
  bool tiling = true;
  std::int64_t tile_size = 256;  ///< pixels
  double tile_overlap = 0.25;
  model::parallel::Layout layout;
  model::parallel::Reduction reduction = model::parallel::Reduction::kFast;  ///< of tensor parallel's sums
  int reduction_parts = 1;  ///< with tensor=1: add as tensor=N with deterministic reduction does
  std::string dtype = "float32";
  std::string device = "cpu";
  bool tf32 = false;  ///< on cuda: float32 products may be computed in TF32
  int threads_per_rank = 1;
  int warmup = 1;                   ///< generations before the first that is measured, in each round
  int repeat = 2;                   ///< rounds; each measures one generation
  double timeout_seconds = 600.0;   ///< of one round, loading included
  double meeting_seconds = 10.0;    ///< how long ranks wait for the last of them to come
  std::string launcher;             ///< "mpirun -n {ranks} {worker}"; empty: isoframe starts ranks itself
  std::string baseline;             ///< name of the case it is compared with; empty for a baseline
  bool expected_different = false;  ///< an untiled run, say: quality is reported and not gated
  Gates gates;
  std::optional<reports::records::PublishedFigures> published;  ///< figures that it is shown beside
  std::string skip_reason;  ///< why this version does not run it; empty when it does
  Location where;
};

/// What decides the order in which a case adds.
model::parallel::Arithmetic arithmetic_of(const Case& spec);

}  // namespace isoframe::harness::scenario
