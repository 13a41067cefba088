#include "harness/qualify/qualify.h"

#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/time.h"
#include "harness/cli/command_line.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/cli/suite_arguments.h"
#include "harness/launch/interrupt.h"
#include "harness/scenario/error.h"
#include "reports/certificate.h"

namespace isoframe::harness::cli {

namespace {

struct Arguments {
  SuiteArguments suite;
  std::string out;
  std::optional<double> duration;
  bool resume = false;
  bool json = false;
};

int qualify(const Arguments& arguments) {
  if (arguments.resume && arguments.out.empty())
    throw InputError("--resume goes on with an earlier qualification; name its folder with --out");
  qualify::QualifyOptions options;
  options.out = arguments.out.empty() ? "runs/qualify-" + base::utc_now_for_a_name() : arguments.out;
  options.duration_seconds = arguments.duration;
  options.resume = arguments.resume;
  options.command = command_line();
  options.interrupted = &launch::catch_interrupts();
  const scenario::Suite suite = arguments.suite.load();
  for (const scenario::Case& spec : suite.cases)
    if (scenario::is_foreign(spec))
      scenario::fail_at(spec.where,
                        fmt::format("qualify tries a machine with isoframe's own ranks; case '{}' "
                                    "runs engine '{}', leave it out with --filter",
                                    spec.name, spec.engine));
  const reports::records::Certificate certificate = qualify::qualify(suite, options);
  if (arguments.json) {
    std::cout << reports::records::to_json(certificate).dump(2) << "\n";
  } else {
    std::cout << reports::certificate_text(certificate)
              << fmt::format("certificate: {}/certificate.md\n", options.out.string());
  }
  return qualify::exit_code_of(certificate);
}

}  // namespace

void add_qualify_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "qualify", "Is this machine fit: repeated cases, every rank and link, a certificate");
  arguments->suite.add_to(*command);
  add_number(*command, "--duration", arguments->duration, scenario::duration(scenario::kMostSeconds),
             "How long: seconds, or with a unit, as 90s, 30m, 4h (at least three repetitions are made)")
      ->type_name("TIME")
      ->default_str("10m, with --resume as before");
  add_path(*command, "--out", arguments->out, "Where the certificate goes (default: runs/qualify-<time>)");
  command->add_flag("--resume", arguments->resume,
                    "Go on with what --out holds: the same cases on the same machine; time spent counts");
  command->add_flag("--json", arguments->json, "Print certificate.json");
  command->callback([arguments, &exit_code] { exit_code = qualify(*arguments); });
}

}  // namespace isoframe::harness::cli
