#pragma once
// What lies where in a run directory.
//
//   suite.json                      the expanded cases, how the run was started, the environment
//   <case>/frames.safetensors       of the first round; latents.safetensors and video.mp4 beside it
//   <case>/result.json
//   <case>/.rounds/<k>/rank-<r>.json  what rank r recorded in round k; error.json where the round failed
//   <case>/.rounds/<k>/events-<r>.json  when rank r began and ended each stage, block and tile
//   <case>/.rounds/<k>/repeat.json    k >= 1: this round's frames against the first round's
//   run.json, report.md, report.html, junit.xml, trace.json

#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/run/round.h"
#include "harness/scenario/case.h"

namespace isoframe::harness::run {

class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path of(const scenario::Case& spec) const { return path_ / spec.name; }
  std::filesystem::path round(const scenario::Case& spec, int index) const;

  /// Whether this round of exactly this case has been measured.
  bool has_round(const scenario::Case& spec, int index) const;
  /// Keeps a finished round: frames of the first go to the case's folder with their video, frames of later
  /// ones are compared with the first's and removed.
  void keep_round(const scenario::Case& spec, int index, const RoundResult& result) const;
  /// Keeps why a round failed.
  void keep_error(const scenario::Case& spec, int index, const nlohmann::json& error) const;
  /// Forgets a failed round and a changed case's rounds, before they are run again.
  void forget(const scenario::Case& spec, int index) const;

  /// Ranks' records of the measured rounds, in order, as far as there are any.
  std::vector<nlohmann::json> rounds(const scenario::Case& spec) const;
  /// What ranks did when in round k, in the order of ranks: TimingProbe::events() of each.  Empty where that
  /// was not kept.
  std::vector<nlohmann::json> events(const scenario::Case& spec, int index) const;
  /// The error of the first failed round, or null.
  nlohmann::json error(const scenario::Case& spec) const;
  /// repeat.json of round k, or null.
  nlohmann::json repetition(const scenario::Case& spec, int index) const;
  bool has_frames(const scenario::Case& spec) const;

 private:
  std::filesystem::path path_;
};

}  // namespace isoframe::harness::run
