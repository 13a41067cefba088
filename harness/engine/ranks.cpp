#include "harness/engine/ranks.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::harness::engine {

namespace fs = std::filesystem;
using launch::Heard;
using launch::LocalResult;
using launch::Question;
using launch::RankError;
using Facts = std::map<std::string, std::string>;

namespace {

const Heard kAnswered = {.progress = {}, .is_answer = true, .error = {}};

Heard failed(std::string message) {
  return {
      .progress = {}, .is_answer = false, .error = RankError{RankError::Kind::kEngine, std::move(message)}};
}

/// A listener that gives each line's answer to `act`.
template <typename Act>
auto hearing(Act act) {
  return [act](int rank, std::string_view line) mutable -> Heard {
    try {
      return act(rank, answer_from_line(rank, line));
    } catch (const InputError& error) {
      return failed(fmt::format("the engine sent a line that {}", error.what()));
    }
  };
}

/// Waits for every rank's first line, which `heard` is given.
Question hello(std::function<void(const Hello&)> heard = {}) {
  return {.line = "", .hear = hearing([heard](int rank, const Answer& answer) {
                        const Hello* hello = std::get_if<Hello>(&answer.what);
                        if (hello == nullptr) return failed("the engine's first line is no hello");
                        if (hello->protocol != kProtocol)
                          return failed(fmt::format("engine '{}' speaks protocol {}; this isoframe speaks {}",
                                                    hello->engine, hello->protocol, kProtocol));
                        if (hello->rank != rank)
                          return failed(fmt::format("the engine calls rank {} rank {}", rank, hello->rank));
                        if (heard) heard(*hello);
                        return kAnswered;
                      })};
}

/// The meaning of an answer to a request.
Heard heard_of(const Answer& answer, std::int64_t id, Ask ask) {
  if (answer.id && *answer.id != id)
    return failed(fmt::format("the engine answered request {} in place of {}", *answer.id, id));
  if (const auto* progress = std::get_if<launch::Progress>(&answer.what))
    return {.progress = *progress, .is_answer = false, .error = {}};
  if (const auto* error = std::get_if<RankError>(&answer.what))
    return {.progress = {}, .is_answer = false, .error = *error};
  const bool is_right = ask == Ask::kLoad ? std::holds_alternative<Loaded>(answer.what)
                                          : std::holds_alternative<Done>(answer.what);
  return is_right ? kAnswered : failed("the engine's answer belongs to another request");
}

launch::LocalJob in_folder(launch::LocalJob job, const fs::path& folder) {
  job.directory = folder;
  return job;
}

}  // namespace

Hello introduce(launch::LocalJob job) {
  const base::TemporaryFolder folder;
  job.world_size = 1;
  launch::RankGroup ranks(in_folder(job, folder.path()));
  Hello said;
  const LocalResult result = ranks.ask({hello([&](const Hello& heard) { said = heard; })}, job);
  if (result.outcome != launch::Outcome::kFinished) throw RunError(result.summary());
  return said;
}

Ranks::Ranks(launch::LocalJob job) : ranks_(in_folder(std::move(job), folder_.path())) {}

Question Ranks::question(Request request) {
  request.id = ++last_id_;
  return {.line = to_line(request),
          .hear = hearing([id = request.id, ask = request.ask](int, const Answer& answer) {
            return heard_of(answer, id, ask);
          })};
}

Question Ranks::load(const Task& task) {
  Request request{.ask = Ask::kLoad, .spec = task.spec};
  request.observation = task.observation;
  // Each meeting has a place of its own: what an earlier one left there would mislead it.
  request.store = folder_.path() / fmt::format("store-{}", last_id_ + 1);
  Question asked = question(std::move(request));
  asked.hear = hearing([this, id = last_id_, is_first = true](int rank, const Answer& answer) mutable {
    Heard heard = heard_of(answer, id, Ask::kLoad);
    if (!heard.is_answer) return heard;
    const Facts& facts = std::get<Loaded>(answer.what).facts;
    if (std::exchange(is_first, false)) facts_ = facts;
    if (facts == facts_) return heard;
    return failed(fmt::format("rank {} has loaded something else than the others: {}, not {}", rank,
                              nlohmann::json(facts).dump(), nlohmann::json(facts_).dump()));
  });
  return asked;
}

LocalResult Ranks::run(const Task& task, const launch::Watch& watch) {
  std::vector<Question> questions;
  if (!has_greeted_) questions.push_back(hello());
  if (loaded_ != task.loaded) questions.push_back(load(task));
  for (int k = 0; k < task.warmups; ++k) {
    Request warmup{.ask = Ask::kGenerate, .spec = task.spec};
    warmup.spec["steps"] = 1;
    warmup.noise = task.noise;
    questions.push_back(question(std::move(warmup)));
  }
  Request request{.ask = task.observation.is_null() ? Ask::kGenerate : Ask::kObserve, .spec = task.spec};
  request.directory = task.directory;
  request.observation = task.observation;
  request.noise = task.noise;
  questions.push_back(question(std::move(request)));

  LocalResult result = ranks_.ask(questions, watch);
  ranks_.copy_logs(task.directory);
  has_greeted_ = true;
  loaded_ = task.loaded;
  return result;
}

bool ResidentRanks::take(const std::string& kind, bool shares_memory) {
  const auto found = std::ranges::find(kept_, kind, &Kept::kind);
  if (found != kept_.end()) kept_.splice(kept_.begin(), kept_, found);
  const bool is_there = found != kept_.end() && found->ranks->is_alive();
  if (!is_there && found != kept_.end()) kept_.pop_front();
  // Before new ranks start, so that their memory is never on top of what is too much.
  std::uint64_t left = most_bytes_;
  for (auto idle = is_there ? std::next(kept_.begin()) : kept_.begin(); idle != kept_.end();) {
    const std::uint64_t held = idle->ranks->resident_bytes();
    const bool may_stay = shares_memory && held <= left;
    left -= std::min(held, left);
    idle = may_stay ? std::next(idle) : kept_.erase(idle);
  }
  return is_there;
}

void ResidentRanks::end(const std::string& kind) {
  std::erase_if(kept_, [&](const Kept& kept) { return kept.kind == kind; });
}

}  // namespace isoframe::harness::engine
