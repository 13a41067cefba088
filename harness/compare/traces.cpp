#include "harness/compare/traces.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "harness/compare/trace_likeness.h"
#include "harness/locate/trace.h"
#include "model/parallel/layout.h"

namespace isoframe::harness::compare {

namespace fs = std::filesystem;
namespace records = reports::records;
using locate::Lacking;
using locate::Trace;

namespace {

Described described_by(const Trace& trace) {
  try {
    return described(trace.record);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", (trace.folder / locate::kDescriptionFile).string(), error.what()));
  }
}

/// What it means that the other lacks a point of `one`.  isoframe's ranks show under every layout what a
/// single one does, and may show more; an engine shows the same under one layout.  Of another engine's point
/// there may be no counterpart.
Lacking lacking_from(const Described& one, const Described& other) {
  if (one.record.engine.name != other.record.engine.name) return Lacking::kSkipped;
  const bool shows_all = one.record.engine.name == locate::kOwnEngine && one.record.ranks == 1;
  return shows_all || one.spec.layout == other.spec.layout ? Lacking::kDiverges : Lacking::kSkipped;
}

/// The way to record what can be compared, where the parts of two layouts differ.
std::string way_to_compare(const Described& a, const Described& b, const TraceOptions& options) {
  if (a.record.ranks == 1 && b.record.ranks == 1)
    return "record both with the same `isoframe trace --like`, or without it";
  const bool is_a_single = a.record.ranks == 1, is_b_single = b.record.ranks == 1;
  if (!is_a_single && !is_b_single)
    return "record one rank with `isoframe trace --like` for each, and compare them with that";
  const fs::path& layout = is_a_single ? options.b : options.a;
  return fmt::format("record the single rank's with `isoframe trace --like {}`", layout.string());
}

std::string words_of(const records::LocateRecord& record) {
  const std::string how =
      record.tolerance == 0.0 ? "bit for bit" : fmt::format("within relative L2 {:.1e}", record.tolerance);
  return fmt::format("{} points compared {}; {} only in A, {} only in B, {} not comparable", record.compared,
                     how, record.only_in_a, record.only_in_b, record.not_comparable);
}

void add(records::LocateRecord& record, const locate::Comparison& comparison) {
  record.compared = comparison.counts.compared;
  record.only_in_a = comparison.counts.only_in_reference;
  record.only_in_b = comparison.counts.only_in_candidate;
  record.not_comparable = comparison.counts.not_comparable;
  if (comparison.largest && comparison.largest->relative_l2 > 0.0)
    record.largest = {locate::to_string(comparison.largest->place), comparison.largest->relative_l2};
  record.differs = comparison.first.has_value();
  if (!record.differs) return;
  record.first_divergence = locate::record_of(*comparison.first);
  if (!comparison.first->ranks.empty()) record.ranks_of = comparison.first->is_of_reference ? "a" : "b";
}

}  // namespace

ComparedTraces compare_traces(const TraceOptions& options) {
  Trace trace_a = locate::read_trace(options.a), trace_b = locate::read_trace(options.b);
  const Described a = described_by(trace_a), b = described_by(trace_b);
  if (const auto other = differing_requests(a, b, options.any_checkpoint); !other.empty())
    throw InputError(fmt::format("A ({}) and B ({}) are different videos: {}", options.a.string(),
                                 options.b.string(), fmt::join(other, "; ")));
  const TraceTolerance tolerance =
      options.tolerance ? TraceTolerance{*options.tolerance, "--tolerance"} : tolerance_between(a, b);
  const locate::Comparison comparison = locate::compare(trace_a.side, trace_b.side,
                                                        {.tolerance = {.relative_l2 = tolerance.relative_l2},
                                                         .in_candidate = lacking_from(a, b),
                                                         .in_reference = lacking_from(b, a),
                                                         .is_followed = false});
  records::LocateRecord record;
  record.a = options.a.string();
  record.b = options.b.string();
  record.tolerance = tolerance.relative_l2;
  record.tolerance_from = tolerance.reason;
  add(record, comparison);
  const std::string way = record.not_comparable == 0 ? "" : way_to_compare(a, b, options);
  if (record.compared == 0)
    throw InputError(fmt::format("A ({}) and B ({}) have nothing in common to compare: {}{}", record.a,
                                 record.b, words_of(record), way.empty() ? "" : "; " + way));
  record.sentence = record.differs ? locate::sentence(*record.first_divergence) : "no point differs";
  record.notes = differing_computations(a, b);
  if (!way.empty())
    record.notes.push_back(
        fmt::format("{} points lie in different parts on either side; {}", record.not_comparable, way));
  return {std::move(record), comparison.first, std::move(trace_a), std::move(trace_b)};
}

std::string trace_summary(const records::LocateRecord& record) {
  std::string text = record.differs ? fmt::format("first difference: {}", record.sentence) : record.sentence;
  if (record.ranks_of == "a") text += " (ranks of A)";
  text += fmt::format("\n{} ({})\n", words_of(record), record.tolerance_from);
  if (record.largest)
    text += fmt::format("largest difference: relative L2 {:.1e} at {}\n", record.largest->relative_l2,
                        record.largest->place);
  for (const std::string& note : record.notes) text += fmt::format("note: {}\n", note);
  return text;
}

}  // namespace isoframe::harness::compare
