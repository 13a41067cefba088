#pragma once
// Ranks that stay between rounds.

#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "base/temporary_folder.h"
#include "harness/engine/protocol.h"
#include "harness/launch/fork_server.h"
#include "harness/launch/local_job.h"
#include "harness/launch/local_result.h"
#include "harness/launch/rank_group.h"

namespace isoframe::harness::engine {

/// A piece of work for ranks, done once.
struct Task {
  nlohmann::json spec;               ///< the case
  nlohmann::json loaded;             ///< the part of it that decides what is loaded
  std::filesystem::path directory;   ///< where they leave their files; it exists
  nlohmann::json observation = {};   ///< null: they measure
  std::filesystem::path noise = {};  ///< a latents.safetensors to begin with; empty: the seed's own
  int warmups = 0;  ///< generations of one step before it, for engines that make none by themselves
};

/// Starts one process of the engine that the job describes, and returns what it says of itself; it ends.
/// Throws RunError when it cannot be started, or says something else.
Hello introduce(launch::LocalJob job);

/// Ranks that wait for the next task.
class Idle {
 public:
  virtual ~Idle() = default;
  virtual bool is_alive() = 0;
  /// Their memory; the largest number where nobody knows.
  virtual std::uint64_t resident_bytes() const = 0;
};

/// The ranks of one engine that were started together.
class Ranks : public Idle {
 public:
  /// Starts them; `job.directory` is not used.  Throws RunError when they cannot be started.
  explicit Ranks(launch::LocalJob job);

  /// Has them do it, having loaded what it needs unless they have it already, and leaves what each printed
  /// meanwhile in the task's directory.  After a failure no rank runs any more.
  launch::LocalResult run(const Task& task, const launch::Watch& watch);

  /// Versions and hashes that all ranks told of what they have loaded.
  const std::map<std::string, std::string>& facts() const { return facts_; }
  bool is_alive() override { return ranks_.is_alive(); }
  std::uint64_t resident_bytes() const override { return ranks_.resident_bytes(); }

 private:
  launch::Question question(Request request);
  /// The question to load what the task needs, which sets `facts_`.
  launch::Question load(const Task& task);

  base::TemporaryFolder folder_;  ///< their logs and the places where they meet
  launch::RankGroup ranks_;
  bool has_greeted_ = false;
  nlohmann::json loaded_;
  std::map<std::string, std::string> facts_;
  std::int64_t last_id_ = 0;
};

/// Ranks by kind, those used last kept as long as idle ones do not hold too much memory.
class ResidentRanks {
 public:
  /// `most_bytes`: of memory that idle ranks may hold.
  explicit ResidentRanks(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

  /// Ranks of that kind: those that wait, or new ones, made of what it is given.  Idle ones of other kinds
  /// end, those first that were used longest ago, until the rest holds no more than it may; all of them where
  /// memory is not shared with them, as on a GPU, whose memory nobody watches here.  Ranks of one kind are of
  /// one class.
  template <typename Kind = Ranks, typename... Given>
  Kind& of(const std::string& kind, bool shares_memory, const Given&... given) {
    if (!take(kind, shares_memory)) kept_.push_front({kind, std::make_unique<Kind>(given...)});
    return static_cast<Kind&>(*kept_.front().ranks);
  }
  /// Ends the ranks of that kind.
  void end(const std::string& kind);
  /// The server that isoframe's own ranks among them come of.
  launch::ForkServer& forks() { return forks_; }

 private:
  struct Kept {
    std::string kind;
    std::unique_ptr<Idle> ranks;
  };
  /// Puts those of that kind first, if they live, and ends what is too much beside them.
  bool take(const std::string& kind, bool shares_memory);

  std::uint64_t most_bytes_;
  launch::ForkServer forks_;
  std::list<Kept> kept_;  ///< last used first
};

}  // namespace isoframe::harness::engine
