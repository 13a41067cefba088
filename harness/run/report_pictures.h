#pragma once
// The frames that report.html shows.

#include <cstddef>

#include "harness/run/run_directory.h"
#include "harness/scenario/case.h"
#include "reports/html.h"

namespace isoframe::harness::run {

/// The bytes that all further pictures of a report may take.
struct PictureBudget {
  std::size_t bytes = 8U << 20;
};

/// Adds pictures to what a report shows of a case.  If its frames differ from its baseline's in 8 bits, some
/// frames of both with heat maps, the worst first; for a baseline its middle frame.  Where the budget is used
/// up, a note instead.
void add_pictures(const scenario::Case& spec, const RunDirectory& directory, PictureBudget& budget,
                  reports::HtmlCase& shown);

}  // namespace isoframe::harness::run
