#include "model/parallel/gloo_rendezvous.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "model/error.h"

namespace isoframe::model::parallel {

namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

int integer(const char* name, const std::string& text, int lowest, int highest) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < lowest || value > highest) {
    throw InputError(
        fmt::format("environment: {}='{}' is not an integer from {} to {}", name, text, lowest, highest));
  }
  return value;
}

std::string required(const char* name) {
  if (auto value = variable(name)) return *value;
  throw InputError(
      fmt::format("environment: {} is not set; ranks of several machines meet at MASTER_ADDR:MASTER_PORT, "
                  "the first rank's "
                  "address and a free port: set both, or start ranks by torchrun, which does",
                  name));
}

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

std::unique_ptr<Rendezvous> meet_at_master(const RankOfWorld& self, std::chrono::milliseconds timeout) {
  const std::string address = required("MASTER_ADDR");
  c10d::TCPStoreOptions tcp;
  tcp.port = static_cast<std::uint16_t>(integer("MASTER_PORT", required("MASTER_PORT"), 1, 65535));
  // torchrun's agent serves the store itself; its ranks are all clients.
  const bool agent_serves = variable("TORCHELASTIC_USE_AGENT_STORE") == "True";
  tcp.isServer = self.rank == 0 && !agent_serves;
  tcp.numWorkers = static_cast<std::size_t>(self.world_size);
  tcp.waitWorkers = !agent_serves;
  tcp.timeout = timeout;

  GlooOptions options{.timeout = timeout, .interface = variable("GLOO_SOCKET_IFNAME").value_or("")};
  if (options.interface.empty() && is_loopback(address)) options.interface = "lo";

  c10::intrusive_ptr<c10d::Store> store;
  try {
    store = c10::make_intrusive<c10d::TCPStore>(address, tcp);
  } catch (const std::exception& error) {
    const std::string message = error.what();
    throw RunError(fmt::format("rank {}: meeting the others at {}:{} failed: {}", self.rank, address,
                               tcp.port, message.substr(0, message.find('\n'))));
  }
  // torchrun keeps its store over restarts; what an earlier attempt left there must not be met again.
  store = c10::make_intrusive<c10d::PrefixStore>(
      "isoframe/" + variable("TORCHELASTIC_RESTART_COUNT").value_or("0"), store);
  return std::make_unique<GlooRendezvous>(std::move(store), self.rank, self.world_size, options);
}

}  // namespace

GlooRendezvous::GlooRendezvous(c10::intrusive_ptr<c10d::Store> store, int rank, int world_size,
                               GlooOptions options)
    : store_(std::move(store)), rank_(rank), world_size_(world_size), options_(std::move(options)) {}

GlooRendezvous::~GlooRendezvous() = default;

std::shared_ptr<Group> GlooRendezvous::group(const std::string& name, const std::vector<int>& world_ranks) {
  const auto self = std::find(world_ranks.begin(), world_ranks.end(), rank_);
  if (self == world_ranks.end()) {
    throw std::invalid_argument(
        fmt::format("rank {} is not in group '{}' of ranks {}", rank_, name, fmt::join(world_ranks, ",")));
  }
  if (world_ranks.size() == 1) return self_group(name);
  const std::string prefix = fmt::format("{}/{}", name, fmt::join(world_ranks, ","));
  const GlooMember member{.name = name,
                          .rank = static_cast<int>(self - world_ranks.begin()),
                          .size = static_cast<int>(world_ranks.size()),
                          .world_rank = rank_};
  return make_gloo_group(member, c10::make_intrusive<c10d::PrefixStore>(prefix, store_), options_);
}

RankOfWorld rank_from_environment() {
  constexpr std::array<std::array<const char*, 2>, 3> kPairs = {{
      {"RANK", "WORLD_SIZE"},
      {"SLURM_PROCID", "SLURM_NTASKS"},
      {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
  }};
  for (const auto& [rank_name, size_name] : kPairs) {
    const auto rank = variable(rank_name);
    const auto size = variable(size_name);
    if (!rank && !size) continue;
    if (!rank || !size) {
      throw InputError(fmt::format("environment: {} is set but {} is not; a rank needs both",
                                   rank ? rank_name : size_name, rank ? size_name : rank_name));
    }
    RankOfWorld self;
    self.world_size = integer(size_name, *size, 1, kMaxRanks);
    self.rank = integer(rank_name, *rank, 0, self.world_size - 1);
    return self;
  }
  throw InputError(
      "environment: neither RANK and WORLD_SIZE nor SLURM_* nor OMPI_COMM_WORLD_* are set; start ranks by "
      "'isoframe run', torchrun, srun or mpirun");
}

std::unique_ptr<Rendezvous> rendezvous_from_environment(
    const std::optional<std::filesystem::path>& store_path, std::chrono::milliseconds timeout) {
  const RankOfWorld self = rank_from_environment();
  if (!store_path) return meet_at_master(self, timeout);
  if (const auto folder = std::filesystem::absolute(*store_path).parent_path();
      !std::filesystem::is_directory(folder)) {
    throw InputError(
        fmt::format("{}: the folder of the ranks' store does not exist; create it", folder.string()));
  }
  return std::make_unique<GlooRendezvous>(
      c10::make_intrusive<c10d::FileStore>(store_path->string(), self.world_size), self.rank, self.world_size,
      GlooOptions{.timeout = timeout, .interface = "lo"});
}

}  // namespace isoframe::model::parallel
