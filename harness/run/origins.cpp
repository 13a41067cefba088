#include "harness/run/origins.h"

#include "base/text.h"
#include "base/time.h"
#include "harness/measure/computing_libraries.h"
#include "harness/measure/environment.h"
#include "model/checkpoint/checkpoint.h"

namespace isoframe::harness::run {

namespace records = reports::records;

Origins::Origins(Engines& engines) : engines_(engines) {
  build_and_machine_.program = content_.of_file("/proc/self/exe");
  build_and_machine_.libraries = measure::computing_libraries();
  build_and_machine_.environment = measure::environment();
}

records::Origin Origins::of(const scenario::Case& spec) {
  records::Origin origin = build_and_machine_;
  origin.measured = base::utc_now();
  origin.checkpoint =
      content_.of_checkpoint(model::checkpoint::Checkpoint(spec.checkpoint, spec.variant).directory());
  if (!spec.image.empty()) origin.image = content_.of_file(spec.image);
  if (spec.device == "cuda") origin.gpus = measure::gpus();
  if (!scenario::is_foreign(spec)) return origin;
  origin.engine = engine_facts(spec, engines_.of(spec));
  for (const std::filesystem::path& file : engine_files(spec))
    origin.engine["file " + base::text_of(file)] = content_.of_file(file);
  return origin;
}

}  // namespace isoframe::harness::run
