#pragma once
// Remarks on a run: what its verdicts do not cover, and what else their reader should know.  Each is one
// sentence for all cases that it is true of.

#include <span>
#include <string>
#include <vector>

#include "reports/records/run_record.h"

namespace isoframe::reports {

struct Remark {
  std::string text;
  std::vector<std::string> cases;  ///< names, in the run's order; empty for the whole run
};

/// "memory and latency were not judged: unlike the earlier run: cpu: ...; it takes an earlier run of like
/// machine"
std::vector<std::string> not_judged(const records::CaseRow& row);

/// A kind of remark, with its names in documents and its sentences on one case, and on the whole run where it
/// has such.
struct RemarkKind {
  const char* key;    ///< in the data of report.html
  const char* title;  ///< of a section
  const char* label;  ///< on a terminal
  std::vector<std::string> (*of_case)(const records::CaseRow& row);
  std::vector<std::string> (*of_run)(const records::RunRecord& run) = nullptr;
};

/// All kinds, in the order of documents: what was not judged, notes, and the warnings of ranks.
std::span<const RemarkKind> remark_kinds();

/// The remarks of one kind on all cases; those on the whole run, without cases, come first.
std::vector<Remark> remarks(const RemarkKind& kind, const records::RunRecord& run);

/// "latency of 12 cases, memory of 1", of what was not judged; empty if all was.
std::string not_judged_in_short(const records::RunRecord& run);

/// The names of a remark's cases in a sentence: all of a few, else how many; or "the run".
std::string cases_of(const Remark& remark, const records::RunRecord& run);

}  // namespace isoframe::reports
