#include <cstdint>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/files.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/plan/measured_device.h"
#include "harness/scenario/readers.h"
#include "model/device/device.h"

namespace isoframe::harness::cli {

namespace {

constexpr std::int64_t kMostThreads = 1024;

struct RatesArguments {
  std::string device = "auto", out;
  int threads = 1;
};

void rates(const RatesArguments& arguments) {
  const std::string device = arguments.device == "auto" ? model::device::of_machine() : arguments.device;
  const plan::MeasuredRates measured = plan::measure_rates(device, arguments.threads);
  std::ostringstream description;
  plan::write_device(description, plan::device_of(measured, device, arguments.threads), measured);
  if (arguments.out.empty()) {
    std::cout << description.str();
    return;
  }
  base::write_text(arguments.out, description.str());
  std::cout << fmt::format(
      "{0}; isoframe validate --plan --device-description {0} SCENARIO.yaml plans for it\n", arguments.out);
}

}  // namespace

void add_rates_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<RatesArguments>();
  CLI::App* command = program.add_subcommand(
      "rates", "Measure this machine's arithmetic, memory and link, as a device that plans take");
  command->add_option("--device", arguments->device, "cpu, cuda, or auto: a GPU where there is one")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}));
  add_number(*command, "--threads-per-rank", arguments->threads, scenario::integer(1, kMostThreads),
             "CPU threads of a rank");
  add_path(*command, "--out", arguments->out, "Description to write, in place of printing it");
  command->callback([arguments, &exit_code] {
    rates(*arguments);
    exit_code = 0;
  });
}

}  // namespace isoframe::harness::cli
