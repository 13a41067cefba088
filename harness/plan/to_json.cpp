#include <fmt/format.h>

#include "harness/plan/bound.h"
#include "harness/plan/describe.h"
#include "model/parallel/mesh.h"

namespace isoframe::harness::plan {

using nlohmann::json;

namespace {

json traffic_json(const model::parallel::PredictedTraffic& traffic) {
  json rows = json::array();
  for (const auto& [key, bytes] : traffic)
    rows.push_back({{"group", key.first},
                    {"collective", key.second},
                    {"bytes_sent", bytes.sent},
                    {"bytes_received", bytes.received}});
  return rows;
}

json rank_json(const model::plan::RankPlan& rank, std::int64_t element_bytes) {
  json weights = json::object(), stages = json::object();
  for (const auto& [part, numbers] : rank.weight_numbers) weights[part] = numbers * element_bytes;
  for (const model::plan::StagePlan& stage : rank.stages)
    stages[stage.name] = {{"flops", stage.work.flops},
                          {"memory_traffic_bytes", stage.work.bytes},
                          {"peak_tensor_bytes", stage.peak_bytes},
                          {"collectives", traffic_json(stage.traffic)}};
  return {{"rank", rank.rank},
          {"video_tokens", {{"begin", rank.video_tokens.begin}, {"count", rank.video_tokens.length}}},
          {"heads", {{"begin", rank.heads.begin}, {"count", rank.heads.length}}},
          {"decode_tiles", rank.decode_tiles},
          {"encode_tiles", rank.encode_tiles},
          {"weights_bytes", rank.weights() * element_bytes},
          {"weights", weights},
          {"peak_tensor_bytes", rank.peak_tensor_bytes()},
          {"stages", stages}};
}

json mesh_json(const model::parallel::Layout& layout) {
  json groups = json::object();
  for (const std::string& name : model::parallel::dimension_names()) {
    const auto ranks = model::parallel::group_ranks(layout, name);
    if (ranks.front().size() > 1) groups[name] = ranks;
  }
  return groups;
}

json bound_json(const Bound& bound, const Device& device) {
  json stages = json::object();
  for (const StageBound& stage : bound.stages)
    stages[stage.stage] = {{"seconds", stage.seconds}, {"limited_by", stage.limited_by}};
  return {{"device", device.name},
          {"seconds", bound.seconds},
          {"stages", stages},
          {"memory_bytes", bound.memory_bytes},
          {"device_memory_bytes", device.memory_bytes},
          {"fits", bound.fits}};
}

}  // namespace

json to_json(const CasePlan& plan, const std::optional<Device>& device) {
  const model::plan::Generation& generation = plan.generation;
  const model::parallel::PassShape shape =
      pass_shape(plan.model, generation, generation.prompt, plan.machine.element_bytes());
  json ranks = json::array();
  for (const model::plan::RankPlan& rank : plan.ranks)
    ranks.push_back(rank_json(rank, plan.machine.element_bytes()));
  json result = {{"name", plan.spec.name},
                 {"layout", model::parallel::to_string(plan.spec.layout)},
                 {"world_size", plan.spec.layout.world_size()},
                 {"source", plan.source},
                 {"dtype", plan.dtype},
                 {"height", generation.height},
                 {"width", generation.width},
                 {"frames", generation.frames},
                 {"steps", generation.steps},
                 {"tokens",
                  {{"video", shape.video_tokens},
                   {"condition", shape.condition_tokens},
                   {"text", shape.text_tokens},
                   {"counted", plan.counts_tokens}}},
                 {"mesh", mesh_json(plan.spec.layout)},
                 {"ranks", ranks}};
  if (device) result["bound"] = bound_json(bound_of(plan, *device), *device);
  return result;
}

}  // namespace isoframe::harness::plan
