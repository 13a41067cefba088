#include "harness/compare/compare.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "harness/compare/comparability.h"
#include "harness/compare/open_frames.h"
#include "harness/compare/output_folder.h"
#include "harness/compare/worst_frames.h"
#include "harness/scenario/documents.h"
#include "metrics/comparison.h"
#include "metrics/decoded.h"
#include "reports/records/metrics.h"

namespace isoframe::harness::compare {

namespace fs = std::filesystem;
using metrics::Comparison;
using metrics::FrameReader;
using reports::records::ComparisonRecord;
using reports::records::Likeness;
using scenario::Gate;

namespace {

std::int64_t count_rest(FrameReader& reader, metrics::Frame& frame) {
  std::int64_t count = 0;
  while (reader.read(frame)) ++count;
  return count;
}

Comparison compare_frames(FrameReader& reference, FrameReader& candidate,
                          metrics::DecodedDifferenceSum& decoded, WorstFrames& worst) {
  metrics::ComparisonSum sum(reference.info().height, reference.info().width);
  metrics::Frame expected, actual;
  for (std::int64_t index = 0;; ++index) {
    const bool more_expected = reference.read(expected), more_actual = candidate.read(actual);
    if (more_expected != more_actual)
      check_lengths(index + (more_expected ? 1 + count_rest(reference, expected) : 0),
                    index + (more_actual ? 1 + count_rest(candidate, actual) : 0));
    if (!more_expected) return sum.result();
    sum.add(expected, actual);
    decoded.add(expected.decoded, actual.decoded);
    worst.add(index, expected, actual);
  }
}

std::int64_t non_finite(const Comparison& comparison) {
  if (!comparison.floats) return 0;
  return comparison.floats->reference_non_finite + comparison.floats->candidate_non_finite;
}

Likeness verdict_of(const Comparison& comparison, const std::optional<metrics::DecodedDifference>& decoded) {
  if (non_finite(comparison) > 0) return Likeness::kUntrusted;
  if (!comparison.equal_bytes() || (decoded && decoded->differing_values > 0)) return Likeness::kDifferent;
  return comparison.floats && comparison.floats->identical() ? Likeness::kIdentical : Likeness::kEqual8Bit;
}

/// Says on which values equality is decided, and what of either side they leave out.
std::string compared_as(const Comparison& comparison, const metrics::DecodedDifferenceSum& decoded) {
  if (comparison.floats) return "floats";
  if (const auto difference = decoded.result()) return difference->format;
  std::string text = fmt::format("8-bit RGB: {} against {}", decoded.reference_format().name,
                                 decoded.candidate_format().name);
  std::set<std::string> left_out;
  for (const metrics::DecodedFormat& format : {decoded.reference_format(), decoded.candidate_format()}) {
    if (format.bits > 8) left_out.insert(fmt::format("{}-bit values", format.bits));
    if (format.has_alpha) left_out.insert("alpha");
  }
  if (!left_out.empty()) text += fmt::format("; {} not compared", fmt::join(left_out, " and "));
  return text;
}

/// An assumption that both sides share changes nothing between them.
void note_assumptions(const metrics::VideoInfo& side, const metrics::VideoInfo& other, const char* name,
                      std::vector<std::string>& notes) {
  for (const std::string& assumption : side.assumptions) {
    if (std::find(other.assumptions.begin(), other.assumptions.end(), assumption) == other.assumptions.end())
      notes.push_back(fmt::format("in the {} {}, as FFmpeg takes it", name, assumption));
  }
}

/// What a decoder leaves out of either side is not compared, on whatever the two agree.
void note_left_out(const metrics::VideoInfo& side, const char* name, std::vector<std::string>& notes) {
  for (const std::string& what : side.left_out)
    notes.push_back(fmt::format("the {}'s {} is not compared: FFmpeg's decoder leaves it out", name, what));
}

/// Calls act(gate, bound) for each gate on frames that is set.
template <typename Act>
void for_each_gate(const scenario::Gates& gates, const Act& act) {
  for (const Gate& gate : scenario::kGates) {
    if (gate.source == scenario::GateSource::kFrames && gates.*gate.bound) act(gate, *(gates.*gate.bound));
  }
}

std::vector<std::string> broken_gates(const scenario::Gates& gates,
                                      const reports::records::Metrics& metrics) {
  reports::records::Quality quality;
  static_cast<reports::records::Metrics&>(quality) = metrics;
  std::vector<std::string> broken;
  for_each_gate(gates, [&](const Gate& gate, double bound) {
    const std::optional<double> value = gate.of_quality(quality);
    if (!value)
      throw InputError(
          fmt::format("{}: these videos have no such number; their frames are too small for it, or a "
                      "side has no floats",
                      scenario::option_of(gate)));
    if (is_beyond(gate, *value, bound)) broken.push_back(text_of_broken(gate, *value, bound, ""));
  });
  return broken;
}

std::map<std::string, double> bounds_of(const scenario::Gates& gates) {
  std::map<std::string, double> bounds;
  for_each_gate(gates, [&](const Gate& gate, double bound) { bounds[gate.name] = bound; });
  return bounds;
}

reports::records::ComparedVideo side(const fs::path& path, const metrics::VideoInfo& info) {
  std::optional<double> rate;
  if (info.timing) rate = info.timing->rate();
  return {path.string(), info.kind, rate};
}

}  // namespace

ComparisonRecord compare(const CompareOptions& options) {
  const auto reference = open_frames(options.reference), candidate = open_frames(options.candidate);
  ComparisonRecord result;
  check_comparable(reference->info(), candidate->info(), result.notes);
  std::optional<OutputFolder> out;
  if (!options.out.empty()) out.emplace(options.out);
  WorstFrames worst;
  metrics::DecodedDifferenceSum decoded;
  const Comparison comparison = compare_frames(*reference, *candidate, decoded, worst);
  check_rates(reference->info(), candidate->info(), options.any_rate, result.notes);
  note_assumptions(reference->info(), candidate->info(), "reference", result.notes);
  note_assumptions(candidate->info(), reference->info(), "candidate", result.notes);
  note_left_out(reference->info(), "reference", result.notes);
  note_left_out(candidate->info(), "candidate", result.notes);

  result.reference = side(options.reference, reference->info());
  result.candidate = side(options.candidate, candidate->info());
  result.frames = comparison.frames;
  result.height = reference->info().height;
  result.width = reference->info().width;
  result.decoded = decoded.result();
  result.compared_as = compared_as(comparison, decoded);
  result.verdict = verdict_of(comparison, result.decoded);
  result.quality = reports::records::metrics_of(comparison);
  result.gates = bounds_of(options.gates);
  result.broken_gates = broken_gates(options.gates, result.quality);
  result.passed =
      result.verdict != Likeness::kUntrusted &&
      (result.gates.empty() ? result.verdict != Likeness::kDifferent : result.broken_gates.empty());
  if (out) out->write(result, worst);
  return result;
}

}  // namespace isoframe::harness::compare
