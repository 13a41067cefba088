#include "harness/scenario/gates.h"

#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "harness/scenario/readers.h"
#include "reports/records/case_result.h"
#include "reports/records/number.h"

namespace isoframe::harness::scenario {

using nlohmann::json;
using reports::records::CaseResult;

std::string decibels(double value) { return std::isinf(value) ? "inf" : fmt::format("{:.2f} dB", value); }
std::string six_digits(double value) { return fmt::format("{:.6f}", value); }
std::string two_significant(double value) { return fmt::format("{:.1e}", value); }
std::string times(double value) { return fmt::format("{:.3f}x", value); }

std::optional<double> peak_tensor_ratio(const CaseResult& result, const CaseResult& baseline) {
  const auto own = result.peak_tensor_bytes(), reference = baseline.peak_tensor_bytes();
  if (!own || !reference || (*own == 0 && *reference == 0)) return std::nullopt;
  return static_cast<double>(*own) / static_cast<double>(*reference);
}

Reader<double> reader_of(const Gate& gate) {
  Reader<double> reader = is_ratio(gate) ? above_zero() : number(gate.least, gate.most);
  if (*gate.unit != '\0') reader.type = gate.unit;
  return reader;
}

void read_gate(Gates& gates, const std::string& name, const Value& value, const std::string& called) {
  for (const GateClaim& claim : kGateClaims) {
    if (name == claim.name) gates.*claim.asked = value.boolean(called);
  }
  for (const Gate& gate : kGates) {
    if (name == gate.name) gates.*gate.bound = reader_of(gate).read(value, called);
  }
}

bool is_beyond(const Gate& gate, double value, double bound) {
  return gate.limit == GateLimit::kAtLeast ? !(value >= bound) : !(value <= bound);
}

std::string text_of(const Gate& gate, double value, const std::string& baseline) {
  return fmt::format(fmt::runtime(gate.phrase), fmt::arg("value", gate.format(value)),
                     fmt::arg("baseline", baseline));
}

std::string text_of_broken(const Gate& gate, double value, double bound, const std::string& baseline) {
  return fmt::format("{} ({} {})", text_of(gate, value, baseline),
                     gate.limit == GateLimit::kAtLeast ? "needs" : "at most", gate.format(bound));
}

std::string text_of(const Gates& gates) {
  std::vector<std::string> parts;
  for (const GateClaim& claim : kGateClaims) {
    if (gates.*claim.asked) parts.emplace_back(claim.name);
  }
  for (const Gate& gate : kGates) {
    const std::optional<double>& bound = gates.*gate.bound;
    if (!bound) continue;
    parts.push_back(fmt::format("{} {} {}{}", gate.brief, gate.limit == GateLimit::kAtLeast ? ">=" : "<=",
                                *bound, is_ratio(gate) ? "x" : ""));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

json to_json(const Gates& gates) {
  json result = json::object();
  for (const GateClaim& claim : kGateClaims) result[claim.name] = gates.*claim.asked;
  for (const Gate& gate : kGates) {
    if (const auto& bound = gates.*gate.bound) result[gate.name] = reports::records::number_to_json(*bound);
  }
  return result;
}

Gates gates_from_json(const json& value) {
  Gates gates;
  for (const GateClaim& claim : kGateClaims) gates.*claim.asked = value.value(claim.name, false);
  for (const Gate& gate : kGates) {
    if (!value.contains(gate.name)) continue;
    const std::optional<double> bound = reports::records::number_from_json(value.at(gate.name));
    if (!bound || std::isnan(*bound))
      throw InputError(
          fmt::format("the gate '{}' is not a number: {}", gate.name, value.at(gate.name).dump()));
    gates.*gate.bound = bound;
  }
  return gates;
}

}  // namespace isoframe::harness::scenario
