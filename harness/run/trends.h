#pragma once
// From a history of runs to how each case's measures moved: changes of level, and drift since the accepted
// run.

#include <optional>
#include <vector>

#include "harness/run/history.h"
#include "reports/records/history_record.h"

namespace isoframe::harness::run {

/// Series of every measure of every case.  Counted and computed measures (bytes; PSNR and SSIM of identical
/// layouts) have no noise: any other value is a change.  All other series share one chance of a hundredth
/// that a change is seen in one without.
///
/// `rows` are ordered as History::cases() has them.  With `drift_max`, times and bytes are held against the
/// newest accepted run; the rows are of one machine then.
reports::records::HistoryRecord trends(const std::vector<RecordedCase>& rows,
                                       std::optional<double> drift_max = std::nullopt);

/// Returns 1 if a measure has drifted, cannot be told from one that has, or if there is none to compare; 0
/// else.
int exit_code_of_drift(const reports::records::HistoryRecord& record);

}  // namespace isoframe::harness::run
