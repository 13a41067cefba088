#include "harness/run/trace.h"

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cli/case_options.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/launch/interrupt.h"
#include "reports/records/trace_record.h"

namespace isoframe::harness::cli {

namespace {

struct TraceArguments {
  CaseOptions options;
  std::string out, like;
  bool json = false;
};

std::uintmax_t bytes_of(const std::filesystem::path& folder) {
  std::uintmax_t bytes = 0;
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(folder))
    if (locate::is_trace_file(entry.path())) bytes += entry.file_size();
  return bytes;
}

void trace(const TraceArguments& arguments) {
  const locate::Trace left = run::trace(arguments.options.build(arguments.out), arguments.out, arguments.like,
                                        &launch::catch_interrupts());
  if (arguments.json) {
    std::cout << reports::records::to_json(left.record).dump(2) << "\n";
    return;
  }
  const std::string ranks = !left.record.parts_of.empty()
                                ? fmt::format("one rank, in the parts of {}", left.record.parts_of)
                            : left.record.ranks == 1 ? "one rank"
                                                     : fmt::format("{} ranks", left.record.ranks);
  std::cout << fmt::format("{} points of {} in {:.1f} MB: {}\n", left.side.points.size(), ranks,
                           static_cast<double>(bytes_of(left.folder)) / 1e6, arguments.out);
}

}  // namespace

void add_trace_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<TraceArguments>();
  CLI::App* command =
      program.add_subcommand("trace", "Fingerprints of every probe point of one generation, for locate");
  arguments->options.add_to(*command);
  add_path(*command, "--out", arguments->out, "Folder for the trace, in place of one that is there")
      ->required();
  add_path(*command, "--like", arguments->like,
           "Record one rank, in the parts of tensors that the ranks of this trace held");
  command->add_flag("--json", arguments->json, "Print the trace's description");
  command->callback([arguments, &exit_code] {
    trace(*arguments);
    exit_code = 0;
  });
}

}  // namespace isoframe::harness::cli
