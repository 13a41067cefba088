#pragma once
// The frames that report.html shows.

#include <cstddef>

#include "harness/run/run_directory.h"
#include "harness/scenario/case.h"
#include "reports/html.h"

namespace isoframe::harness::run {

/// What is left of the bytes that all pictures of a report may take.
struct PictureBudget {
  std::size_t bytes = 8U << 20;
};

/// To a case whose frames differ from its baseline's in 8 bits: some frames of both with heat maps, the worst
/// first; to a baseline its middle frame.  Where the budget is used up, a note instead.
void add_pictures(const scenario::Case& spec, const RunDirectory& directory, PictureBudget& budget,
                  reports::HtmlCase& shown);

}  // namespace isoframe::harness::run
