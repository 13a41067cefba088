#include "harness/run/generate.h"

#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "harness/cli/command_line.h"
#include "harness/cli/commands.h"
#include "harness/launch/interrupt.h"
#include "harness/scenario/case_json.h"
#include "model/device/device.h"

namespace isoframe::harness::cli {

namespace {

/// Default time limit, a day: a full-size model on a CPU takes hours.
constexpr double kDefaultTimeout = 86400.0;

struct GenerateArguments {
  scenario::Case spec;
  std::string checkpoint, image, layout = "single", reduction = "fast", out;
  double guidance_scale = 0.0;
  bool no_tiling = false;
  bool json = false;
};

int generate(GenerateArguments& arguments, bool guidance_given, bool dtype_given) {
  scenario::Case& spec = arguments.spec;
  if (spec.task == "i2v" && arguments.image.empty())
    throw InputError("--task i2v needs an image; add --image FILE");
  if (spec.task == "t2v" && !arguments.image.empty())
    throw InputError("--image is for --task i2v; text-to-video takes no image");
  if (spec.device == "cuda" && !dtype_given) spec.dtype = "bfloat16";
  if (spec.tf32 && (spec.device != "cuda" || spec.dtype != "float32"))
    throw InputError("--tf32 is for float32 on cuda; add --device cuda --dtype float32");
  if ((spec.height == 0) != (spec.width == 0))
    throw InputError("--height and --width go together; give both or none");
  spec.name = std::filesystem::path(arguments.out).filename().string();
  if (spec.name.empty()) spec.name = "generate";
  spec.checkpoint = arguments.checkpoint;
  spec.image = arguments.image;
  spec.layout = model::parallel::parse_layout(arguments.layout);
  model::device::check_available(spec.device, spec.launcher.empty() ? spec.layout.world_size() : 0);
  spec.reduction = model::parallel::parse_reduction(arguments.reduction);
  if (spec.reduction_parts > 1 && spec.layout.tensor > 1)
    throw InputError(
        "--reduction-parts is for tensor=1: a tensor group adds in as many parts as it has ranks");
  spec.tiling = !arguments.no_tiling;
  spec.repeat = 1;
  if (guidance_given) spec.guidance_scale = arguments.guidance_scale;

  const reports::records::CaseResult result =
      run::generate(spec, arguments.out, command_line(), &launch::catch_interrupts());
  if (arguments.json) {
    std::cout << reports::records::to_json(result).dump(2) << "\n";
  } else {
    const scenario::Case settled = scenario::case_from_json(result.spec);
    std::cout << fmt::format("{} frames of {} x {} in {:.2f} s: {}/video.mp4\n", spec.frames, settled.height,
                             settled.width, result.latency.total_seconds.at(0), arguments.out);
  }
  return 0;
}

}  // namespace

void add_generate_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<GenerateArguments>();
  scenario::Case& spec = arguments->spec;
  spec.warmup = 0;
  spec.timeout_seconds = kDefaultTimeout;
  CLI::App* command = program.add_subcommand("generate", "One video under one layout");
  command->add_option("--checkpoint", arguments->checkpoint, "A checkpoint directory in diffusers' layout")
      ->required();
  command->add_option("--task", spec.task, "t2v or i2v")->check(CLI::IsMember({"t2v", "i2v"}))->required();
  command->add_option("--prompt", spec.prompt, "What to show")->required();
  command->add_option("--negative-prompt", spec.negative_prompt, "What not to show (default: empty)");
  command->add_option("--image", arguments->image, "The first frame, for i2v: PNG, JPEG or WebP");
  command->add_option("--height", spec.height,
                      "Pixels (default: 16:9, or for i2v as the image, at the checkpoint's target size)");
  command->add_option("--width", spec.width, "Pixels");
  command->add_option("--frames", spec.frames, "1 + 4 n")->required();
  command->add_option("--steps", spec.steps, "Denoising steps")->required();
  command->add_option("--seed", spec.seed, "Of the initial noise")->required();
  CLI::Option* guidance =
      command->add_option("--guidance-scale", arguments->guidance_scale, "Instead of the checkpoint's own");
  command->add_option("--tile-size", spec.tile_size, "VAE tile, pixels")->capture_default_str();
  command->add_option("--tile-overlap", spec.tile_overlap, "Share of a tile")->capture_default_str();
  command->add_flag("--no-tiling", arguments->no_tiling, "Decode and encode in one piece");
  command->add_option("--layout", arguments->layout, "e.g. ulysses=2,cfg=2,vae_patch=4")
      ->capture_default_str();
  command->add_option("--reduction", arguments->reduction, "How tensor parallel ranks add their products")
      ->check(CLI::IsMember({"fast", "deterministic"}))
      ->capture_default_str();
  command
      ->add_option("--reduction-parts", spec.reduction_parts,
                   "With tensor=1: add in as many parts as tensor=N does")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI::Option* dtype = command->add_option("--dtype", spec.dtype, "Computation type")
                           ->check(CLI::IsMember({"float32", "bfloat16", "float16"}))
                           ->capture_default_str();
  command->add_option("--device", spec.device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command->add_flag("--tf32", spec.tf32, "On cuda: float32 products may be computed in TF32");
  command->add_option("--threads-per-rank", spec.threads_per_rank, "CPU threads of each rank")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--launcher", spec.launcher,
                      "Start ranks by another program, e.g. 'mpirun -n {ranks} {worker}' (ci/launchers.md)");
  command->add_option("--warmup", spec.warmup, "Generations of one step before the one that is measured")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--timeout", spec.timeout_seconds, "Seconds until the run is given up")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--out", arguments->out, "Where the files go")->required();
  command->add_flag("--json", arguments->json, "Print result.json");
  command->callback([arguments, guidance, dtype, &exit_code] {
    exit_code = generate(*arguments, guidance->count() > 0, dtype->count() > 0);
  });
}

}  // namespace isoframe::harness::cli
