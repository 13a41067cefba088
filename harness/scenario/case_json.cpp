#include "harness/scenario/case_json.h"

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

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

json to_json(const Case& spec) {
  return {{"name", spec.name},
          {"task", spec.task},
          {"checkpoint", spec.checkpoint.string()},
          {"image", spec.image.string()},
          {"prompt", spec.prompt},
          {"negative_prompt", spec.negative_prompt},
          {"height", spec.height},
          {"width", spec.width},
          {"frames", spec.frames},
          {"steps", spec.steps},
          {"seed", spec.seed},
          {"guidance_scale", spec.guidance_scale ? json(*spec.guidance_scale) : json()},
          {"tiling", spec.tiling},
          {"tile_size", spec.tile_size},
          {"tile_overlap", spec.tile_overlap},
          {"layout", model::parallel::to_string(spec.layout)},
          {"reduction", model::parallel::to_string(spec.reduction)},
          {"reduction_parts", spec.reduction_parts},
          {"dtype", spec.dtype},
          {"device", spec.device},
          {"tf32", spec.tf32},
          {"threads_per_rank", spec.threads_per_rank},
          {"warmup", spec.warmup},
          {"repeat", spec.repeat},
          {"timeout_seconds", spec.timeout_seconds},
          {"meeting_seconds", spec.meeting_seconds},
          {"launcher", spec.launcher},
          {"baseline", spec.baseline},
          {"expected_different", spec.expected_different},
          {"gates", gates_to_json(spec.gates)},
          {"published", spec.published ? reports::records::to_json(*spec.published) : json()},
          {"skip_reason", spec.skip_reason},
          {"where", {{"file", spec.where.file}, {"line", spec.where.line}, {"column", spec.where.column}}}};
}

Case case_from_json(const json& json) {
  Case spec;
  json.at("name").get_to(spec.name);
  json.at("task").get_to(spec.task);
  spec.checkpoint = json.at("checkpoint").get<std::string>();
  spec.image = json.at("image").get<std::string>();
  json.at("prompt").get_to(spec.prompt);
  json.at("negative_prompt").get_to(spec.negative_prompt);
  json.at("height").get_to(spec.height);
  json.at("width").get_to(spec.width);
  json.at("frames").get_to(spec.frames);
  json.at("steps").get_to(spec.steps);
  json.at("seed").get_to(spec.seed);
  if (!json.at("guidance_scale").is_null()) spec.guidance_scale = json.at("guidance_scale").get<double>();
  json.at("tiling").get_to(spec.tiling);
  json.at("tile_size").get_to(spec.tile_size);
  json.at("tile_overlap").get_to(spec.tile_overlap);
  spec.layout = model::parallel::parse_layout(json.at("layout").get<std::string>());
  spec.reduction = model::parallel::parse_reduction(json.value("reduction", "fast"));
  spec.reduction_parts = json.value("reduction_parts", 1);
  json.at("dtype").get_to(spec.dtype);
  json.at("device").get_to(spec.device);
  spec.tf32 = json.value("tf32", false);
  json.at("threads_per_rank").get_to(spec.threads_per_rank);
  json.at("warmup").get_to(spec.warmup);
  json.at("repeat").get_to(spec.repeat);
  json.at("timeout_seconds").get_to(spec.timeout_seconds);
  json.at("meeting_seconds").get_to(spec.meeting_seconds);
  json.at("launcher").get_to(spec.launcher);
  json.at("baseline").get_to(spec.baseline);
  json.at("expected_different").get_to(spec.expected_different);
  spec.gates = gates_from_json(json.at("gates"));
  if (json.contains("published") && !json.at("published").is_null())
    spec.published = reports::records::published_figures_from_json(json.at("published"));
  json.at("skip_reason").get_to(spec.skip_reason);
  const nlohmann::json& where = json.at("where");
  spec.where = {where.at("file").get<std::string>(), where.at("line").get<int>(),
                where.at("column").get<int>()};
  return spec;
}

}  // namespace isoframe::harness::scenario
