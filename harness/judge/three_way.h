#pragma once
// Three runs of one video: a layout of another engine, that engine on one rank, and the baseline.

#include <string>

#include "reports/records/case_result.h"

namespace isoframe::harness::judge {

/// Two runs, and how far apart reordered sums alone may bring them, in relative L2 of float frames.
struct Pair {
  double distance = 0.0, bound = 0.0;

  /// Written so that NaN is far.
  bool is_near() const { return distance <= bound; }
};

struct ThreeWay {
  std::string layout, single, baseline;  ///< their names
  Pair layout_and_single, single_and_baseline, layout_and_baseline;
};

/// Says in one sentence which of the three stands alone, where the other two agree, or that no two do; empty
/// where all agree.
std::string odd_one_out(const ThreeWay& runs);

/// Compares frames of the layout with those of the single rank.  All three cases were measured.
reports::records::OwnSingle beside_own_single(const reports::records::CaseResult& layout,
                                              const reports::records::CaseResult& single,
                                              const reports::records::CaseResult& baseline,
                                              const reports::records::Quality& layout_and_single,
                                              const reports::records::Quality& single_and_baseline);

/// Reason why the layout fails, beside its own engine on one rank; empty if it does not.
std::string broken_by(const reports::records::OwnSingle& beside);

}  // namespace isoframe::harness::judge
