#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "harness/scenario/case.h"

namespace isoframe::harness::scenario {
namespace {

using nlohmann::json;

struct GateField {
  const char* name;
  std::optional<double> Gates::*member;
};

constexpr GateField kGates[] = {{"psnr_min", &Gates::psnr_min},
                                {"ssim_min", &Gates::ssim_min},
                                {"relative_l2_max", &Gates::relative_l2_max},
                                {"max_difference_max", &Gates::max_difference_max},
                                {"latency_ratio_max", &Gates::latency_ratio_max},
                                {"peak_tensor_ratio_max", &Gates::peak_tensor_ratio_max}};

// JSON has no infinity; a PSNR gate of it asks for frames that are equal after rounding.
json from_number(double number) { return std::isinf(number) ? json("inf") : json(number); }

double to_number(const json& value) {
  return value.is_string() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

json gates_to_json(const Gates& gates) {
  json result = {{"identical", gates.identical}, {"bounded", gates.bounded}};
  for (const GateField& gate : kGates) {
    if (const auto& bound = gates.*gate.member) result[gate.name] = from_number(*bound);
  }
  return result;
}

Gates gates_from_json(const json& value) {
  Gates gates;
  gates.identical = value.at("identical").get<bool>();
  gates.bounded = value.value("bounded", false);
  for (const GateField& gate : kGates) {
    if (value.contains(gate.name)) gates.*gate.member = to_number(value.at(gate.name));
  }
  return gates;
}

}  // namespace

model::parallel::Arithmetic arithmetic_of(const Case& value) {
  return {.layout = value.layout, .reduction = value.reduction, .reduction_parts = value.reduction_parts};
}

json to_json(const Case& value) {
  return {
      {"name", value.name},
      {"task", value.task},
      {"checkpoint", value.checkpoint.string()},
      {"image", value.image.string()},
      {"prompt", value.prompt},
      {"negative_prompt", value.negative_prompt},
      {"height", value.height},
      {"width", value.width},
      {"frames", value.frames},
      {"steps", value.steps},
      {"seed", value.seed},
      {"guidance_scale", value.guidance_scale ? json(*value.guidance_scale) : json()},
      {"tiling", value.tiling},
      {"tile_size", value.tile_size},
      {"tile_overlap", value.tile_overlap},
      {"layout", model::parallel::to_string(value.layout)},
      {"reduction", model::parallel::to_string(value.reduction)},
      {"reduction_parts", value.reduction_parts},
      {"dtype", value.dtype},
      {"device", value.device},
      {"tf32", value.tf32},
      {"threads_per_rank", value.threads_per_rank},
      {"warmup", value.warmup},
      {"repeat", value.repeat},
      {"timeout_seconds", value.timeout_seconds},
      {"meeting_seconds", value.meeting_seconds},
      {"launcher", value.launcher},
      {"baseline", value.baseline},
      {"expected_different", value.expected_different},
      {"gates", gates_to_json(value.gates)},
      {"published", value.published ? to_json(*value.published) : json()},
      {"skip_reason", value.skip_reason},
      {"where", {{"file", value.where.file}, {"line", value.where.line}, {"column", value.where.column}}}};
}

Case case_from_json(const json& json) {
  Case value;
  json.at("name").get_to(value.name);
  json.at("task").get_to(value.task);
  value.checkpoint = json.at("checkpoint").get<std::string>();
  value.image = json.at("image").get<std::string>();
  json.at("prompt").get_to(value.prompt);
  json.at("negative_prompt").get_to(value.negative_prompt);
  json.at("height").get_to(value.height);
  json.at("width").get_to(value.width);
  json.at("frames").get_to(value.frames);
  json.at("steps").get_to(value.steps);
  json.at("seed").get_to(value.seed);
  if (!json.at("guidance_scale").is_null()) value.guidance_scale = json.at("guidance_scale").get<double>();
  json.at("tiling").get_to(value.tiling);
  json.at("tile_size").get_to(value.tile_size);
  json.at("tile_overlap").get_to(value.tile_overlap);
  value.layout = model::parallel::parse_layout(json.at("layout").get<std::string>());
  value.reduction = model::parallel::parse_reduction(json.value("reduction", "fast"));
  value.reduction_parts = json.value("reduction_parts", 1);
  json.at("dtype").get_to(value.dtype);
  json.at("device").get_to(value.device);
  value.tf32 = json.value("tf32", false);
  json.at("threads_per_rank").get_to(value.threads_per_rank);
  json.at("warmup").get_to(value.warmup);
  json.at("repeat").get_to(value.repeat);
  json.at("timeout_seconds").get_to(value.timeout_seconds);
  json.at("meeting_seconds").get_to(value.meeting_seconds);
  json.at("launcher").get_to(value.launcher);
  json.at("baseline").get_to(value.baseline);
  json.at("expected_different").get_to(value.expected_different);
  value.gates = gates_from_json(json.at("gates"));
  if (json.contains("published") && !json.at("published").is_null())
    value.published = published_from_json(json.at("published"));
  json.at("skip_reason").get_to(value.skip_reason);
  const nlohmann::json& where = json.at("where");
  value.where = {where.at("file").get<std::string>(), where.at("line").get<int>(),
                 where.at("column").get<int>()};
  return value;
}

}  // namespace isoframe::harness::scenario
