#include "harness/compare/compare.h"

#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "harness/compare/open_frames.h"
#include "harness/compare/worst_frames.h"
#include "harness/scenario/documents.h"
#include "metrics/comparison.h"
#include "reports/comparison.h"
#include "reports/heat_map.h"
#include "reports/records/metrics.h"

namespace isoframe::harness::compare {

namespace fs = std::filesystem;
using metrics::Comparison;
using metrics::FrameReader;
using reports::records::ComparisonRecord;
using reports::records::Likeness;
using scenario::Gate;

namespace {

[[noreturn]] void not_comparable(const std::string& why) { throw InputError("not comparable: " + why); }

void check_lengths(std::int64_t reference, std::int64_t candidate) {
  if (reference != candidate)
    not_comparable(
        fmt::format("the reference has {} frames, the candidate {}; frame k is only compared with "
                    "frame k, so give both the same length",
                    reference, candidate));
}

void check_comparable(const metrics::VideoInfo& reference, const metrics::VideoInfo& candidate) {
  if (reference.height != candidate.height || reference.width != candidate.width)
    not_comparable(
        fmt::format("the reference is {} x {} pixels (height x width), the candidate {} x {}; "
                    "frames are not stretched",
                    reference.height, reference.width, candidate.height, candidate.width));
  if (reference.rate && candidate.rate && std::abs(*reference.rate / *candidate.rate - 1.0) > 1e-4)
    not_comparable(
        fmt::format("the reference has {:.4g} frames a second, the candidate {:.4g}; frame k of "
                    "both would be other moments",
                    *reference.rate, *candidate.rate));
  if (reference.frames && candidate.frames) check_lengths(*reference.frames, *candidate.frames);
}

std::int64_t count_rest(FrameReader& reader, metrics::Frame& frame) {
  std::int64_t count = 0;
  while (reader.read(frame)) ++count;
  return count;
}

Comparison compare_frames(FrameReader& reference, FrameReader& candidate, WorstFrames& worst) {
  metrics::ComparisonSum sum(reference.info().height, reference.info().width);
  metrics::Frame expected, actual;
  for (std::int64_t index = 0;; ++index) {
    const bool more_expected = reference.read(expected), more_actual = candidate.read(actual);
    if (more_expected != more_actual)
      check_lengths(index + (more_expected ? 1 + count_rest(reference, expected) : 0),
                    index + (more_actual ? 1 + count_rest(candidate, actual) : 0));
    if (!more_expected) return sum.result();
    sum.add(expected, actual);
    worst.add(index, expected, actual);
  }
}

std::int64_t non_finite(const Comparison& comparison) {
  if (!comparison.floats) return 0;
  return comparison.floats->reference_non_finite + comparison.floats->candidate_non_finite;
}

Likeness verdict_of(const Comparison& comparison) {
  if (non_finite(comparison) > 0) return Likeness::kUntrusted;
  if (!comparison.equal_bytes()) return Likeness::kDifferent;
  return comparison.floats && comparison.floats->identical() ? Likeness::kIdentical : Likeness::kEqual8Bit;
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
  return {path.string(), info.kind, info.rate};
}

/// Writes the pictures first, so that those that report.md names exist.
void write_files(ComparisonRecord& result, const CompareOptions& options, const WorstFrames& worst) {
  fs::create_directories(options.out);
  for (const fs::directory_entry& entry : fs::directory_iterator(options.out))
    if (entry.path().filename().string().starts_with("worst-")) fs::remove(entry.path());
  auto& pictures = result.pictures.emplace();
  for (const WorstFrames::Pair& pair : worst.pairs()) {
    const std::string name = fmt::format("worst-{}-frame-{}.png", pictures.size() + 1, pair.index);
    const reports::HeatMap map =
        reports::heat_map(pair.reference.data(), pair.candidate.data(), result.height, result.width);
    base::write_text(options.out / name, reports::png_of_three(pair.reference.data(), pair.candidate.data(),
                                                               map, result.height, result.width));
    pictures.push_back({name, pair.index, map.largest});
  }
  base::write_json(options.out / "compare.json", reports::records::to_json(result));
  base::write_text(options.out / "report.md", reports::comparison_markdown(result));
}

}  // namespace

ComparisonRecord compare(const CompareOptions& options) {
  const auto reference = open_frames(options.reference), candidate = open_frames(options.candidate);
  if (!options.out.empty() && fs::exists(options.out) && !fs::is_directory(options.out))
    throw InputError(fmt::format("{} is not a directory; choose another --out", options.out.string()));
  check_comparable(reference->info(), candidate->info());
  WorstFrames worst;
  const Comparison comparison = compare_frames(*reference, *candidate, worst);

  ComparisonRecord result;
  result.reference = side(options.reference, reference->info());
  result.candidate = side(options.candidate, candidate->info());
  result.frames = comparison.frames;
  result.height = reference->info().height;
  result.width = reference->info().width;
  result.verdict = verdict_of(comparison);
  result.quality = reports::records::metrics_of(comparison);
  result.gates = bounds_of(options.gates);
  result.broken_gates = broken_gates(options.gates, result.quality);
  result.passed =
      result.verdict != Likeness::kUntrusted &&
      (result.gates.empty() ? result.verdict != Likeness::kDifferent : result.broken_gates.empty());
  if (!options.out.empty()) write_files(result, options, worst);
  return result;
}

}  // namespace isoframe::harness::compare
