#pragma once
// Which cases are worth measuring again.

#include <optional>
#include <vector>

#include "harness/run/earlier_run.h"
#include "harness/run/run_directory.h"
#include "harness/scenario/case.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// Throws InputError if a case's times cannot be compared with an earlier run's because its baseline repeats
/// another number of times: their ratio needs both times of each round, also of rounds that are measured
/// again.
void check_repeats(const std::vector<scenario::Case>& cases);

/// Finds cases that seem too slow, as long as that is not certain, or are too noisy to tell, each behind its
/// baseline.
std::vector<const scenario::Case*> cases_in_doubt(const std::vector<scenario::Case>& cases,
                                                  const reports::records::SuiteRecord& suite,
                                                  const RunDirectory& directory,
                                                  const std::optional<EarlierRun>& earlier);

}  // namespace isoframe::harness::run
