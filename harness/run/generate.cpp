#include "harness/run/generate.h"

#include <iostream>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "harness/launch/progress.h"
#include "harness/measure/environment.h"
#include "harness/run/outputs.h"
#include "harness/run/preflight.h"
#include "harness/run/result.h"
#include "harness/run/round.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;

records::CaseResult generate(scenario::Case spec, const fs::path& out, const std::string& command,
                             const std::atomic<bool>* interrupted) {
  settle_case(spec);
  if (fs::exists(out) && !fs::is_directory(out))
    throw InputError(fmt::format("{} is not a directory; choose another --out", out.string()));
  const bool is_new = !fs::exists(out);
  base::make_folder(out);
  const fs::path work = out / ".round";
  fs::remove_all(work);

  launch::ProgressLine progress(1);
  progress.begin(spec.name);
  const RoundResult round = run_round(
      spec, work, {this_program(), [&](const launch::Progress& p) { progress.update(p); }, interrupted});
  progress.end();
  // Bad input and Ctrl-C leave nothing behind; after an error the ranks' own logs stay.
  if (round.status == RoundResult::Status::kBadInput || round.status == RoundResult::Status::kInterrupted) {
    fs::remove_all(work);
    if (is_new) fs::remove(out);
  }
  switch (round.status) {
    case RoundResult::Status::kOk:
      break;
    case RoundResult::Status::kBadInput:
    case RoundResult::Status::kUnsupported:
      throw InputError(round.error->message);
    case RoundResult::Status::kError:
      throw RunError(round.error->message);
    case RoundResult::Status::kInterrupted:
      throw RunError("interrupted");
  }
  records::CaseResult result = assemble_result(spec, {read_rank_records(work, spec.layout.world_size())},
                                               std::nullopt, measure::environment());
  result.command = command;
  keep_outputs(work, out);
  if (const std::string why = keep_video(out); !why.empty()) std::cerr << "warning: " << why << '\n';
  base::write_json(out / "result.json", records::to_json(result));
  fs::remove_all(work);
  return result;
}

}  // namespace isoframe::harness::run
