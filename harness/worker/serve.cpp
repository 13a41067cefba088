#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "harness/engine/channel.h"
#include "harness/engine/protocol.h"
#include "harness/launch/fork_server.h"
#include "harness/measure/environment.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/case_keys.h"
#include "harness/worker/job.h"
#include "harness/worker/rank.h"
#include "harness/worker/worker.h"
#include "model/device/device.h"
#include "model/parallel/layout.h"
#include "model/parallel/rank_of_world.h"
#include "reports/records/names.h"

namespace isoframe::harness::worker {

namespace records = reports::records;

namespace {

/// The job that a request describes.
Job job_of(const engine::Request& request) {
  Job job;
  job.spec = scenario::case_from_json(request.spec);
  job.directory = request.directory;
  job.store = request.store;
  job.noise = request.noise;
  if (!request.observation.is_null()) job.observation = Observation::from_json(request.observation);
  return job;
}

/// Does what a request asks for, and returns the answer that ends it.
engine::Answer answer_of(const engine::Request& request, Rank& rank, const launch::ProgressWriter& progress) {
  const Job job = job_of(request);
  if (request.ask == engine::Ask::kLoad) {
    rank.load(job, progress);
    return {request.id, engine::Loaded{rank.load_seconds()}};
  }
  rank.run(job, progress);
  return {request.id, engine::Done{}};
}

bool is_available(const std::string& device) {
  try {
    model::device::check_available(device);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

/// The kinds of observations, as they are called.
std::vector<std::string> observations() {
  std::vector<std::string> names;
  for (const auto& [kind, name] : records::Names<Observation::Kind>::all)
    if (kind != Observation::Kind::kNone) names.emplace_back(name);
  return names;
}

engine::Hello hello_of(const model::parallel::RankOfWorld& self) {
  std::vector<std::string> devices = scenario::words_of("device");
  std::erase_if(devices, [](const std::string& device) { return !is_available(device); });
  return {.engine = "isoframe",
          .version = measure::version(),
          .rank = self.rank,
          .pid = ::getpid(),
          .capabilities = {.tasks = scenario::words_of("task"),
                           .dtypes = scenario::words_of("dtype"),
                           .devices = devices,
                           .layouts = model::parallel::dimension_names(),
                           .takes_noise = true,
                           .observations = observations(),
                           .fingerprint = 1}};
}

}  // namespace

void serve() {
  using launch::RankError;
  if (launch::is_fork_server() && !launch::become_forked_rank()) return;
  engine::Channel channel = engine::Channel::from_environment();
  const model::parallel::RankOfWorld self = model::parallel::rank_from_environment();
  channel.send(to_line(engine::Answer{.id = {}, .what = hello_of(self)}));
  Rank rank(self);
  while (const std::optional<std::string> line = channel.receive()) {
    std::optional<std::int64_t> id;
    const auto fail = [&](RankError::Kind kind, const std::exception& error) {
      channel.send(to_line(engine::Answer{id, RankError{kind, error.what()}}));
    };
    engine::Request request;
    try {
      request = engine::request_from_line(*line);
    } catch (const InputError& error) {
      fail(RankError::Kind::kInput, error);
      continue;
    }
    if (request.ask == engine::Ask::kExit) return;
    id = request.id;
    const launch::ProgressWriter progress([&](const launch::Progress& report) {
      channel.send_if_ready(to_line(engine::Answer{id, report}));
    });
    try {
      channel.send(to_line(answer_of(request, rank, progress)));
    } catch (const InputError& error) {
      fail(RankError::Kind::kInput, error);
      throw;
    } catch (const std::exception& error) {
      fail(RankError::Kind::kEngine, error);
      throw;
    }
  }
}

}  // namespace isoframe::harness::worker
