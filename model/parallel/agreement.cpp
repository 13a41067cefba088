#include "model/parallel/agreement.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "base/error.h"

namespace isoframe::model::parallel {

using nlohmann::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* kVerdict = "agreement/verdict";
constexpr const char* kHeard = "agreement/heard";
/// Extra time that the other ranks wait for rank 0's verdict, beyond the time that rank 0 waits for them.
constexpr milliseconds kSlack(2000);

std::string key_of(int rank) { return fmt::format("agreement/facts/{}", rank); }
double seconds(milliseconds time) { return static_cast<double>(time.count()) / 1000; }

/// What a rank came with.
struct Arrival {
  Facts facts;
  std::string device;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Arrival, facts, device)

/// Rank 0's verdict; without a message all is well.
struct Verdict {
  std::string message;
  bool bad_input = false;

  void enforce() const {
    if (message.empty()) return;
    if (bad_input) throw InputError(message);
    throw RunError(message);
  }
};

bool comes(c10d::Store& store, const std::string& key, milliseconds patience) {
  try {
    store.wait({key}, std::max(patience, milliseconds(1)));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

std::vector<int> missing_ranks(c10d::Store& store, int world_size, milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  std::vector<int> missing;
  for (int rank = 0; rank < world_size; ++rank) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    if (!comes(store, key_of(rank), left)) missing.push_back(rank);
  }
  return missing;
}

/// The first fact in which two ranks differ.
std::optional<std::string> difference(int rank, const Facts& facts, const Facts& reference) {
  const auto value_in = [](const Facts& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? std::string("none") : "'" + found->second + "'";
  };
  Facts names = reference;
  names.insert(facts.begin(), facts.end());
  for (const auto& [name, ignored] : names) {
    const std::string own = value_in(facts, name), expected = value_in(reference, name);
    if (own != expected) {
      return fmt::format("rank {} differs from rank 0 in {}: {} against {}; give all ranks the same", rank,
                         name, own, expected);
    }
  }
  return std::nullopt;
}

Verdict judge(c10d::Store& store, int world_size, const Arrival& own, milliseconds patience) {
  if (const auto missing = missing_ranks(store, world_size, patience); !missing.empty()) {
    return {fmt::format(
        "{} {} of {} {} not come within {:g} s; {} running, with this rank's job and a way "
        "to it?",
        missing.size() == 1 ? "rank" : "ranks", fmt::join(missing, ", "), world_size,
        missing.size() == 1 ? "has" : "have", seconds(patience), missing.size() == 1 ? "is it" : "are they")};
  }
  std::map<std::string, int> rank_of_device = {{own.device, 0}};
  for (int rank = 1; rank < world_size; ++rank) {
    const auto theirs = json::parse(store.get(key_of(rank))).get<Arrival>();
    if (auto found = difference(rank, theirs.facts, own.facts)) return {std::move(*found), true};
    const auto [earlier, is_new] = rank_of_device.emplace(theirs.device, rank);
    if (!is_new && !theirs.device.empty()) {
      return {
          fmt::format("ranks {} and {} both have {}; give each rank a GPU of its own (CUDA_VISIBLE_DEVICES, "
                      "or the launcher's option)",
                      earlier->second, rank, theirs.device),
          true};
    }
  }
  return {};
}

/// Rank 0 may be the store: it stays until those that have come know why they end.
void wait_until_heard(c10d::Store& store, int others) {
  const auto give_up = Clock::now() + kSlack;
  while (store.add(kHeard, 0) < others && Clock::now() < give_up)
    std::this_thread::sleep_for(milliseconds(10));
}

int count_present(c10d::Store& store, int world_size) {
  int count = 0;
  for (int rank = 1; rank < world_size; ++rank) count += store.check({key_of(rank)}) ? 1 : 0;
  return count;
}

Verdict hear(c10d::Store& store, int rank, milliseconds patience) {
  // Rank 0 may itself have come late: its own patience counts from then.
  const bool heard = comes(store, kVerdict, patience + kSlack) ||
                     (store.check({key_of(0)}) && comes(store, kVerdict, patience));
  if (!heard) {
    throw RunError(
        fmt::format("rank {}: rank 0 has not come within {:g} s; is it running, with this rank's "
                    "job and a way to it?",
                    rank, seconds(patience)));
  }
  const json verdict = json::parse(store.get(kVerdict));
  store.add(kHeard, 1);
  return {verdict.at("message").get<std::string>(), verdict.at("bad_input").get<bool>()};
}

}  // namespace

void agree(c10d::Store& store, int rank, int world_size, const Facts& facts, const std::string& device,
           milliseconds patience) {
  if (world_size == 1) return;
  const Arrival own = {facts, device};
  store.set(key_of(rank), json(own).dump());
  if (rank != 0) return hear(store, rank, patience).enforce();
  const Verdict verdict = judge(store, world_size, own, patience);
  store.set(kVerdict, json{{"message", verdict.message}, {"bad_input", verdict.bad_input}}.dump());
  if (!verdict.message.empty()) wait_until_heard(store, count_present(store, world_size));
  verdict.enforce();
}

}  // namespace isoframe::model::parallel
