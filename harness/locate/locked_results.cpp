#include "harness/locate/locked_results.h"

#include <sstream>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::harness::locate {

using reports::records::LockedPart;

std::string to_string(const LockedName& name) {
  return fmt::format("{} {} {}", reports::records::name_of(name.part), name.step, name.tensor);
}

LockedName locked_name(const std::string& text) {
  std::istringstream words(text);
  std::string part;
  LockedName name;
  words >> part >> name.step >> std::ws;
  std::getline(words, name.tensor);
  const auto named = reports::records::named_as<LockedPart>(part);
  if (words.fail() || !named) throw InputError(fmt::format("'{}' is no result of a locked run", text));
  name.part = *named;
  return name;
}

void LockedProbe::begin(model::ProbePoint point) {
  if (point.name == "text.conditional") branch_ = "conditional";
  if (point.name == "text.unconditional") branch_ = "unconditional";
  if (point.name == "denoise.step") step_ = point.index;
}

void LockedProbe::tensor(model::ProbePoint point, const at::Tensor& value) {
  if (point.name == "prompt_embeds" || point.name == "prompt_embeds_2")
    keep(LockedPart::kText, -1, fmt::format("{} {}", branch_, point.name), value);
  if (point.name == "guidance") keep(LockedPart::kTransformer, step_, "prediction", value);
  if (point.name == "latents") keep(LockedPart::kTransformer, step_, "latents", value);
  if (point.name == "frames") keep(LockedPart::kDecode, -1, "frames", value);
}

void LockedProbe::keep(LockedPart part, std::int64_t step, const std::string& tensor,
                       const at::Tensor& value) {
  results_[{part, step, tensor}] =
      value.to(at::kCPU, at::kFloat, /*non_blocking=*/false, /*copy=*/true).contiguous();
}

}  // namespace isoframe::harness::locate
