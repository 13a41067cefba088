#include "harness/run/generate.h"

#include <iostream>
#include <string>

#include "base/json_file.h"
#include "harness/measure/environment.h"
#include "harness/run/lone_round.h"
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
  const fs::path work = lone_round(spec, out, interrupted);
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
