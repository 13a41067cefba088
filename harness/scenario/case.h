#pragma once
// A case: one video under one layout, as plain data.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/scenario/engine.h"
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
  std::string variant;          ///< of its weights, as "fp16"; empty for plain ones
  std::filesystem::path image;  ///< first frame of i2v; empty for t2v
  std::string prompt;
  std::string negative_prompt;
  std::optional<std::int64_t> height;  ///< pixels; from the image's proportions if unset
  std::optional<std::int64_t> width;
  std::int64_t frames = 0;
  std::int64_t steps = 0;
  std::uint64_t seed = 0;
  std::optional<double> guidance_scale;  ///< the checkpoint's if unset
  bool tiling = true;
  std::int64_t tile_size = 256;  ///< pixels
  double tile_overlap = 0.25;
  model::parallel::Layout layout;
  model::parallel::Reduction reduction =
      model::parallel::Reduction::kFast;  ///< of the sums of tensor parallelism
  int reduction_parts = 1;                ///< with tensor=1: adds like tensor=N with deterministic reduction
  std::string dtype = "float32";
  std::string device = "cpu";  ///< or "cuda"
  bool tf32 = false;           ///< on cuda: float32 products may be computed in TF32
  int threads_per_rank = 1;
  int warmup = 1;                  ///< generations before the measured one, in each round
  int repeat = 2;                  ///< rounds; each measures one generation
  double timeout_seconds = 600.0;  ///< of one round, loading included
  double meeting_seconds = 10.0;   ///< how long ranks wait for the last of them to come
  bool resident = true;            ///< whether its ranks stay for rounds and cases that can share them
  std::string launcher;            ///< "mpirun -n {ranks} {worker}"; empty: isoframe starts ranks itself
  std::string engine = kIsoframe;  ///< name of the program that runs it
  std::optional<Engine> program;   ///< that engine, if it is not ours
  nlohmann::json engine_options = nlohmann::json::object();  ///< handed on to it unread
  std::string noise = "seed";                                ///< "shared": begin with the baseline's noise
  std::string baseline;             ///< name of the case that it is compared with; empty for a baseline
  std::string compare_by = "auto";  ///< "locked": step by step, each from the baseline's latents
  bool expected_different = false;  ///< quality is reported and not gated, as for an untiled run
  Gates gates;
  std::optional<reports::records::PublishedFigures> published;  ///< figures that reports show beside it
  std::string skip_reason;  ///< why this build cannot run it; empty if it can
  Location where;
};

/// True if another engine than our own runs the case.
bool is_foreign(const Case& spec);

/// The part of a case that decides its order of addition.
model::parallel::Arithmetic arithmetic_of(const Case& spec);

}  // namespace isoframe::harness::scenario
