#include "harness/selftest/selftest.h"

#include <iostream>
#include <memory>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/selftest/faults/catalogue.h"
#include "model/kernels/caching_allocator.h"

namespace isoframe::harness::cli {
namespace {

struct Arguments {
  std::string filter;
  bool json = false;
};

/// A progress line that overwrites itself, for terminals only.
void show_progress(std::size_t number, std::size_t of, const std::string& name) {
  if (::isatty(STDERR_FILENO) != 0)
    std::cerr << fmt::format("\r\033[K{}/{} {}", number + 1, of, name) << std::flush;
}

int selftest(const Arguments& arguments) {
  model::kernels::install_caching_allocator();
  selftest::Options options;
  options.filter = arguments.filter;
  options.on_progress = show_progress;
  const reports::records::SelftestRecord result =
      selftest::run_selftest(selftest::faults::catalogue(), options);
  if (::isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
  std::cout << (arguments.json ? reports::records::to_json(result).dump(2) + "\n" : selftest::table(result));
  return selftest::exit_code_of(result);
}

}  // namespace

void add_selftest_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("selftest", "Plant known faults one by one: is each caught, and located?");
  add_text(*command, "--filter", arguments->filter, "Only faults whose name matches this glob");
  command->add_flag("--json", arguments->json, "Print the result as JSON");
  command->callback([arguments, &exit_code] { exit_code = selftest(*arguments); });
}

}  // namespace isoframe::harness::cli
