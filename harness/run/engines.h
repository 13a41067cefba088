#pragma once
// Engines that are not isoframe's own ranks, as far as a run has to know them.

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "harness/engine/protocol.h"
#include "harness/scenario/case.h"
#include "reports/records/rank.h"

namespace isoframe::harness::run {

/// Hellos of engines, each asked for once.
class Engines {
 public:
  explicit Engines(const std::atomic<bool>* interrupted = nullptr) : interrupted_(interrupted) {}

  /// The case's engine, which must be another than ours.  Throws RunError that names it if it says nothing of
  /// the kind, each time that it is asked for.
  const engine::Hello& of(const scenario::Case& spec);
  /// The reason why the engine cannot run the case, by its own word; empty if it may, or says nothing.
  std::string reason_to_skip(const scenario::Case& spec);

 private:
  const std::atomic<bool>* interrupted_;
  std::map<std::string, std::variant<engine::Hello, std::string>> known_;  ///< by command; or why not
};

/// Facts of a foreign engine that its frames depend on, as far as they are known without loading: its
/// version, command and environment.
std::map<std::string, std::string> engine_facts(const scenario::Case& spec, const engine::Hello& hello);
/// Files that an engine's command names, and of a Python program those beside it.
std::vector<std::filesystem::path> engine_files(const scenario::Case& spec);

/// Throws RunError saying what the engine said it had left in `directory` for a measured round and has not:
/// records of all ranks, and frames and latents of the case's size without NaN.
void require_outputs(const scenario::Case& spec, const std::filesystem::path& directory);

/// Completes the records of a foreign engine's ranks by what the harness knows: how far its frames may be.
/// Throws InputError when the checkpoint cannot be read.
void complete(std::vector<reports::records::RankRecord>& ranks, const scenario::Case& spec);

}  // namespace isoframe::harness::run
