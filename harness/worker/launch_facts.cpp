#include "harness/worker/launch_facts.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/measure/environment.h"
#include "harness/scenario/case_json.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/fingerprint.h"

namespace isoframe::harness::worker {

model::parallel::Facts launch_facts(const scenario::Case& spec) {
  model::parallel::Facts facts;
  const nlohmann::json settings = scenario::to_json(spec);
  for (const auto& [key, setting] : settings.items()) {
    if (key == "checkpoint" || key == "image" || key == "where") continue;
    facts[key] = setting.is_string() ? setting.get<std::string>() : setting.dump();
  }
  const model::checkpoint::Checkpoint checkpoint(spec.checkpoint, spec.variant);
  for (const auto& [part, print] : model::checkpoint::fingerprints(checkpoint.directory()))
    facts[fmt::format("the checkpoint's {}", part)] = print;
  if (!spec.image.empty()) facts["image"] = model::checkpoint::fingerprint_of_file(spec.image);
  const reports::records::Environment build = measure::environment();
  // Two builds of one commit may still differ, in options or in what was not committed.
  facts["build"] = fmt::format("{} {}, LibTorch {}, program {}", build.isoframe.commit, build.build_type,
                               build.libtorch, model::checkpoint::fingerprint_of_file("/proc/self/exe"));
  return facts;
}

}  // namespace isoframe::harness::worker
