#pragma once
// What a run's verdicts do not cover, and what else their reader should know: one sentence for all cases that
// it is true of.

#include <string>
#include <vector>

#include "reports/records/run_record.h"

namespace isoframe::reports {

struct Remark {
  std::string text;
  std::vector<std::string> cases;  ///< names, in the run's order
};

/// "memory and latency were not judged: unlike the earlier run: cpu: ...; it takes an earlier run of like
/// machine"
std::vector<std::string> not_judged(const records::CaseRow& row);

/// not_judged() of all cases.
std::vector<Remark> not_judged(const records::RunRecord& run);

/// The warnings of ranks, which the cases of one checkpoint share.
std::vector<Remark> warnings(const records::RunRecord& run);

/// The notes of all cases.
std::vector<Remark> notes(const records::RunRecord& run);

/// "latency of 12 cases, memory of 1", of what was not judged; empty if all was.
std::string not_judged_in_short(const records::RunRecord& run);

/// The names of a remark's cases in a sentence: all of a few, else how many.
std::string cases_of(const Remark& remark, const records::RunRecord& run);

}  // namespace isoframe::reports
