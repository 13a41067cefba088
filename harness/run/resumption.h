#pragma once
// Going on with a run: the rounds and cases that it keeps of the one before, and those that it discards.

#include <iosfwd>
#include <vector>

#include "harness/run/origins.h"
#include "harness/run/run_directory.h"
#include "harness/scenario/case.h"
#include "harness/scenario/suite.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// Forgets what of an earlier run cannot count any more, failed rounds among it, so that it is measured
/// again, and removes what is no file or folder of a case though it has the name of one. Before, `said` is
/// told in a line a reason how many measured rounds that costs.  Returns how many rounds are kept.
int discard_unusable(const std::vector<scenario::Case>& cases, const RunDirectory& directory,
                     Origins& origins, std::ostream& said);

/// The record of a resumed run: that of the present one, with the cases of the one before that a filter or a
/// shorter list of files leaves out now.  Cases that their file, as it is now, does not name any more are
/// left out, which `said` is told, and `unnamed` from then on; a file that cannot be read leaves its cases
/// in.
reports::records::SuiteRecord resumed(reports::records::SuiteRecord now,
                                      const reports::records::SuiteRecord& before,
                                      const scenario::Suite& suite, std::ostream& said);

}  // namespace isoframe::harness::run
