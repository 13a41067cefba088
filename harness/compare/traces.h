#pragma once
// Two traces, point by point: of one engine or of two, of any layouts.

#include <filesystem>
#include <optional>
#include <string>

#include "harness/locate/trace.h"
#include "reports/records/trace_record.h"

namespace isoframe::harness::compare {

struct TraceOptions {
  std::filesystem::path a;  ///< what is right
  std::filesystem::path b;
  std::optional<double> tolerance = {};  ///< relative L2; what the descriptions promise if unset
  bool any_checkpoint = false;           ///< compares traces of different weights too
};

/// Two traces that were compared.
struct ComparedTraces {
  reports::records::LocateRecord record;
  std::optional<locate::Divergence> first;  ///< the record's `first_divergence`
  locate::Trace a, b;
};

/// Finds where `b` first leaves `a`.  Throws InputError for a trace that is damaged, for different videos,
/// and where they have nothing in common that could be compared.
ComparedTraces compare_traces(const TraceOptions& options);

/// The record in lines for a terminal.
std::string trace_summary(const reports::records::LocateRecord& record);

}  // namespace isoframe::harness::compare
