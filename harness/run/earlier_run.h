#pragma once
// An earlier run of the same cases, to be compared with.

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/judge/verdict.h"
#include "harness/run/run_directory.h"
#include "harness/scenario/case.h"

namespace isoframe::harness::run {

class EarlierRun {
 public:
  /// Reads its run.json; `environment` is this run's.
  EarlierRun(std::filesystem::path directory, const nlohmann::json& environment);

  /// What makes its times and bits another machine's; empty for a like run.
  const std::vector<std::string>& differences() const { return differences_; }

  /// Whether this run's times are worth measuring again: they are comparable, and seem slower or too noisy to
  /// tell.
  bool leaves_doubt(const scenario::Case& spec, const nlohmann::json& result, const nlohmann::json& baseline,
                    int comparisons) const;

  /// The case beside the same case of that run, as in run.json's `against`; null where it has none that ended
  /// well.  `judgement` becomes the comparison's where the case itself passed.
  nlohmann::json beside(const scenario::Case& spec, const nlohmann::json& result,
                        const nlohmann::json& baseline, const RunDirectory& directory, int comparisons,
                        judge::Judgement& judgement) const;

 private:
  nlohmann::json result(const std::string& name) const;
  nlohmann::json quality(const scenario::Case& spec, const RunDirectory& directory) const;

  std::filesystem::path directory_;
  std::vector<std::string> differences_;
};

}  // namespace isoframe::harness::run
