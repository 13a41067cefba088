#include "harness/run/generate.h"

#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/cli/command_line.h"
#include "harness/cli/commands.h"
#include "harness/launch/interrupt.h"
#include "model/device/device.h"
#include "model/error.h"

namespace isoframe::harness::cli {

namespace {

/// A full-size model on a CPU takes its time: a day.
constexpr double kDefaultTimeout = 86400.0;

struct GenerateArguments {
  scenario::Case value;
  std::string checkpoint, image, layout = "single", reduction = "fast", out;
  double guidance_scale = 0.0;
  bool no_tiling = false;
  bool json = false;
};

int generate(GenerateArguments& arguments, bool guidance_given, bool dtype_given) {
  scenario::Case& value = arguments.value;
  if (value.task == "i2v" && arguments.image.empty())
    throw InputError("--task i2v needs an image; add --image FILE");
  if (value.task == "t2v" && !arguments.image.empty())
    throw InputError("--image is for --task i2v; text-to-video takes no image");
  if (value.device == "cuda" && !dtype_given) value.dtype = "bfloat16";
  if (value.tf32 && (value.device != "cuda" || value.dtype != "float32"))
    throw InputError("--tf32 is for float32 on cuda; add --device cuda --dtype float32");
  if ((value.height == 0) != (value.width == 0))
    throw InputError("--height and --width go together; give both or none");
  value.name = std::filesystem::path(arguments.out).filename().string();
  if (value.name.empty()) value.name = "generate";
  value.checkpoint = arguments.checkpoint;
  value.image = arguments.image;
  value.layout = model::parallel::parse_layout(arguments.layout);
  model::device::check_available(value.device, value.launcher.empty() ? value.layout.world_size() : 0);
  value.reduction = model::parallel::parse_reduction(arguments.reduction);
  if (value.reduction_parts > 1 && value.layout.tensor > 1)
    throw InputError(
        "--reduction-parts is for tensor=1: a tensor group adds in as many parts as it has ranks");
  value.tiling = !arguments.no_tiling;
  value.repeat = 1;
  if (guidance_given) value.guidance_scale = arguments.guidance_scale;

  const nlohmann::json result =
      run::generate(value, arguments.out, command_line(), &launch::catch_interrupts());
  if (arguments.json) {
    std::cout << result.dump(2) << "\n";
  } else {
    const nlohmann::json& settled = result.at("case");
    std::cout << fmt::format("{} frames of {} x {} in {:.2f} s: {}/video.mp4\n", value.frames,
                             settled.at("height").get<int>(), settled.at("width").get<int>(),
                             result.at("latency").at("total_seconds").at(0).get<double>(), arguments.out);
  }
  return 0;
}

}  // namespace

void add_generate_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<GenerateArguments>();
  scenario::Case& value = arguments->value;
  value.warmup = 0;
  value.timeout_seconds = kDefaultTimeout;
  CLI::App* command = program.add_subcommand("generate", "One video under one layout");
  command->add_option("--checkpoint", arguments->checkpoint, "A checkpoint directory in diffusers' layout")
      ->required();
  command->add_option("--task", value.task, "t2v or i2v")->check(CLI::IsMember({"t2v", "i2v"}))->required();
  command->add_option("--prompt", value.prompt, "What to show")->required();
  command->add_option("--negative-prompt", value.negative_prompt, "What not to show (default: empty)");
  command->add_option("--image", arguments->image, "The first frame, for i2v: PNG, JPEG or WebP");
  command->add_option("--height", value.height,
                      "Pixels (default: 16:9, or for i2v as the image, at the checkpoint's target size)");
  command->add_option("--width", value.width, "Pixels");
  command->add_option("--frames", value.frames, "1 + 4 n")->required();
  command->add_option("--steps", value.steps, "Denoising steps")->required();
  command->add_option("--seed", value.seed, "Of the initial noise")->required();
  CLI::Option* guidance =
      command->add_option("--guidance-scale", arguments->guidance_scale, "Instead of the checkpoint's own");
  command->add_option("--tile-size", value.tile_size, "VAE tile, pixels")->capture_default_str();
  command->add_option("--tile-overlap", value.tile_overlap, "Share of a tile")->capture_default_str();
  command->add_flag("--no-tiling", arguments->no_tiling, "Decode and encode in one piece");
  command->add_option("--layout", arguments->layout, "e.g. ulysses=2,cfg=2,vae_patch=4")
      ->capture_default_str();
  command->add_option("--reduction", arguments->reduction, "How tensor parallel ranks add their products")
      ->check(CLI::IsMember({"fast", "deterministic"}))
      ->capture_default_str();
  command
      ->add_option("--reduction-parts", value.reduction_parts,
                   "With tensor=1: add in as many parts as tensor=N does")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI::Option* dtype = command->add_option("--dtype", value.dtype, "Computation type")
                           ->check(CLI::IsMember({"float32", "bfloat16", "float16"}))
                           ->capture_default_str();
  command->add_option("--device", value.device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command->add_flag("--tf32", value.tf32, "On cuda: float32 products may be computed in TF32");
  command->add_option("--threads-per-rank", value.threads_per_rank, "CPU threads of each rank")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--launcher", value.launcher,
                      "Start ranks by another program, e.g. 'mpirun -n {ranks} {worker}' (ci/launchers.md)");
  command->add_option("--warmup", value.warmup, "Generations of one step before the one that is measured")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--timeout", value.timeout_seconds, "Seconds until the run is given up")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--out", arguments->out, "Where the files go")->required();
  command->add_flag("--json", arguments->json, "Print result.json");
  command->callback([arguments, guidance, dtype, &exit_code] {
    exit_code = generate(*arguments, guidance->count() > 0, dtype->count() > 0);
  });
}

}  // namespace isoframe::harness::cli
