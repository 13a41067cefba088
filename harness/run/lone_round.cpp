#include "harness/run/lone_round.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "harness/launch/progress.h"
#include "harness/run/round.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;

fs::path lone_round(const scenario::Case& spec, const fs::path& out, const std::atomic<bool>* interrupted,
                    const worker::Observation& observation, const fs::path& noise) {
  if (fs::exists(out) && !fs::is_directory(out))
    throw InputError(fmt::format("{} is not a directory; choose another --out", out.string()));
  const bool is_new = !fs::exists(out);
  base::make_folder(out);
  const fs::path work = out / ".round";
  fs::remove_all(work);

  launch::ProgressLine progress(1);
  progress.begin(spec.name);
  const RoundResult round = run_round(spec, work,
                                      {.program = this_program(),
                                       .on_progress = [&](const launch::Progress& p) { progress.update(p); },
                                       .interrupted = interrupted,
                                       .noise = noise},
                                      observation);
  progress.end();
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
  return work;
}

}  // namespace isoframe::harness::run
