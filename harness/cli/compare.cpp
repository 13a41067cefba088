#include "harness/compare/compare.h"

#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "reports/comparison.h"

namespace isoframe::harness::cli {

void add_compare_command(CLI::App& program, int& exit_code) {
  struct Arguments {
    std::string reference, candidate, out;
    double min_psnr = 0.0, min_ssim = 0.0, max_abs = 0.0;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("compare", "Two videos: equal, or where and how much they differ");
  command->footer(
      "A side is a video file, a folder of .png or .jpg frames, a frames.safetensors file, or a folder that "
      "holds one.\nExit code: 0 equal after 8 bits, or within the gates that are given; 1 different; 2 not "
      "comparable.");
  command->add_option("reference", arguments->reference, "What is right")->required();
  command->add_option("candidate", arguments->candidate, "What is held against it")->required();
  command->add_option("--out", arguments->out, "Folder for compare.json, report.md and heat maps");
  CLI::Option* psnr = command->add_option("--min-psnr", arguments->min_psnr, "dB, instead of equality");
  CLI::Option* ssim = command->add_option("--min-ssim", arguments->min_ssim, "Instead of equality");
  CLI::Option* abs = command
                         ->add_option("--max-abs", arguments->max_abs,
                                      "Largest difference of a value in [0, 1], instead of equality")
                         ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", arguments->json, "Print compare.json instead of the table");
  command->callback([arguments, psnr, ssim, abs, &exit_code] {
    compare::CompareOptions options{arguments->reference, arguments->candidate, arguments->out, {}, {}, {}};
    if (psnr->count() > 0) options.min_psnr = arguments->min_psnr;
    if (ssim->count() > 0) options.min_ssim = arguments->min_ssim;
    if (abs->count() > 0) options.max_abs = arguments->max_abs;
    const reports::records::ComparisonRecord result = compare::compare(options);
    std::cout << (arguments->json ? reports::records::to_json(result).dump(2) + "\n"
                                  : reports::comparison_summary(result));
    exit_code = result.passed ? 0 : 1;
  });
}

}  // namespace isoframe::harness::cli
