#include "model/parallel/meeting_place.h"

#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "base/error.h"
#include "base/files.h"
#include "model/parallel/network.h"

namespace isoframe::model::parallel {

namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* kLoopback = "lo";

struct Address {
  std::string host;
  std::uint16_t port = 0;  ///< 0: rank 0 takes any that is free
  std::string text() const { return fmt::format("{}:{}", host, port); }
};

double seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

std::optional<std::string> chosen_interface() {
  const auto name = environment_variable("GLOO_SOCKET_IFNAME");
  if (name && address_of(*name).empty()) {
    throw InputError(
        fmt::format("environment: GLOO_SOCKET_IFNAME='{}' is no interface of this machine that is up and has "
                    "an address; it has {}",
                    *name, fmt::join(interfaces(), ", ")));
  }
  return name;
}

/// Refuses a machine on which nothing can be reached at 127.0.0.1, as in a new network namespace.
void require_loopback() {
  if (address_of(kLoopback).empty())
    throw InputError(fmt::format(
        "interface {0} of this machine is down, and ranks meet over it; bring it up: ip link set {0} "
        "up",
        kLoopback));
}

std::optional<Address> address_from_environment() {
  const auto host = environment_variable("MASTER_ADDR");
  const auto port = environment_variable("MASTER_PORT");
  if (!host && !port) return std::nullopt;
  if (!host || !port) {
    throw InputError(
        fmt::format("environment: {} is set but {} is not; ranks meet at MASTER_ADDR:MASTER_PORT, the first "
                    "rank's address and a free port of its machine: set both or none",
                    host ? "MASTER_ADDR" : "MASTER_PORT", host ? "MASTER_PORT" : "MASTER_ADDR"));
  }
  const Address address{*host,
                        static_cast<std::uint16_t>(environment_integer("MASTER_PORT", *port, 1, 65535))};
  if (const std::string error = resolution_error(*host); !error.empty())
    throw InputError(
        fmt::format("environment: MASTER_ADDR='{}' is no machine's name here ({}); ranks meet at the first "
                    "rank's address",
                    *host, error));
  if (is_loopback(*host)) require_loopback();
  return address;
}

/// The address at which rank 0 lets itself be found when nobody has named one.
std::string own_address(const RankOfWorld& self) {
  if (const auto interface = chosen_interface()) return address_of(*interface);
  if (self.one_machine) {
    require_loopback();
    return "127.0.0.1";
  }
  const std::string address = address_of_host_name();
  if (!address.empty() && !is_loopback(address)) return address;
  throw InputError(fmt::format(
      "rank {}: this machine's host name resolves to {}, where other machines do not reach it; "
      "set GLOO_SOCKET_IFNAME to the interface between them (this machine has {}), or MASTER_ADDR and "
      "MASTER_PORT",
      self.rank, address.empty() ? "nothing" : address, fmt::join(interfaces(), ", ")));
}

fs::path address_file(const RankOfWorld& self, const Meeting& meeting) {
  return meeting.folder /
         fmt::format("rank-0-address-{}.json", self.launch_id.empty() ? meeting.launch : self.launch_id);
}

void leave_address(const fs::path& file, const Address& address) {
  base::write_text(file, json{{"host", address.host}, {"port", address.port}}.dump() + "\n");
}

Address find_address(const RankOfWorld& self, const fs::path& file, std::chrono::milliseconds patience) {
  constexpr auto kTick = std::chrono::milliseconds(20);
  const auto give_up = Clock::now() + patience;
  while (!fs::exists(file)) {
    if (Clock::now() >= give_up) {
      throw RunError(
          fmt::format("rank {}: rank 0 has not come within {:g} s: it has left no {}; is it running, and is "
                      "the folder shared by all machines? MASTER_ADDR and MASTER_PORT do without it",
                      self.rank, seconds(patience), file.string()));
    }
    std::this_thread::sleep_for(kTick);
  }
  std::ifstream stream(file);
  const json left = json::parse(stream);
  return {left.at("host").get<std::string>(), left.at("port").get<std::uint16_t>()};
}

/// c10d's messages are long, and name its own source files.
[[noreturn]] void explain(const RankOfWorld& self, const Address& address, bool serves,
                          std::chrono::milliseconds patience, const std::string& message) {
  const auto says = [&](const char* text) { return message.find(text) != std::string::npos; };
  if (serves && (says("EADDRINUSE") || says("address already in use"))) {
    throw InputError(
        fmt::format("rank {}: port {} of this machine is in use by another program; set MASTER_PORT to a "
                    "free one",
                    self.rank, address.port));
  }
  if (says("Timed out") || says("timed out") || says("timeout") || says("Timeout")) {
    throw RunError(
        fmt::format("rank {}: rank 0 was not met at {} within {:g} s; is it running, and is that its address "
                    "and port?",
                    self.rank, address.text(), seconds(patience)));
  }
  throw RunError(fmt::format("rank {}: meeting the others at {} failed: {}", self.rank, address.text(),
                             message.substr(0, message.find('\n'))));
}

c10::intrusive_ptr<c10d::TCPStore> open_tcp_store(const RankOfWorld& self, const Address& address,
                                                  bool serves, std::chrono::milliseconds patience) {
  c10d::TCPStoreOptions options;
  options.port = address.port;
  options.isServer = serves;
  options.numWorkers = static_cast<std::size_t>(self.world_size);
  options.waitWorkers = false;  // who is missing is found by name, later
  options.timeout = patience;
  // A store that is another program's port, or a machine that swallows packets, holds c10d far longer than
  // its timeout: then the thread is left behind, for the process is about to end.
  std::packaged_task<c10::intrusive_ptr<c10d::TCPStore>()> open(
      [host = address.host, options] { return c10::make_intrusive<c10d::TCPStore>(host, options); });
  auto opened = open.get_future();
  std::thread(std::move(open)).detach();
  if (opened.wait_for(patience) != std::future_status::ready)
    explain(self, address, serves, patience, "timed out");
  try {
    return opened.get();
  } catch (const std::exception& error) {
    explain(self, address, serves, patience, error.what());
  }
}

MeetingPlace meet_at(const RankOfWorld& self, const Address& address, c10::intrusive_ptr<c10d::Store> store) {
  std::string interface = chosen_interface().value_or("");
  if (interface.empty()) interface = is_loopback(address.host) ? kLoopback : interface_towards(address.host);
  if (interface.empty()) {
    throw InputError(
        fmt::format("rank {}: this machine has no way to {}; set GLOO_SOCKET_IFNAME to the "
                    "interface between the ranks (this machine has {})",
                    self.rank, address.host, fmt::join(interfaces(), ", ")));
  }
  return {std::move(store), interface, address.text()};
}

MeetingPlace meet_at_master(const RankOfWorld& self, const Address& address, const Meeting& meeting) {
  // torchrun's agent serves the store itself; its ranks are all clients.
  const bool agent_serves = environment_variable("TORCHELASTIC_USE_AGENT_STORE") == "True";
  c10::intrusive_ptr<c10d::Store> store =
      open_tcp_store(self, address, self.rank == 0 && !agent_serves, meeting.patience);
  // torchrun keeps its store over restarts; what an earlier attempt left there must not be met again.
  store = c10::make_intrusive<c10d::PrefixStore>(
      "isoframe/" + environment_variable("TORCHELASTIC_RESTART_COUNT").value_or("0"), store);
  return meet_at(self, address, std::move(store));
}

MeetingPlace meet_in_folder(const RankOfWorld& self, const Meeting& meeting) {
  const fs::path file = address_file(self, meeting);
  if (self.rank != 0) {
    const Address address = find_address(self, file, meeting.patience);
    return meet_at(self, address, open_tcp_store(self, address, false, meeting.patience));
  }
  Address address{own_address(self)};
  const auto store = open_tcp_store(self, address, true, meeting.patience);
  address.port = store->getPort();
  leave_address(file, address);
  return meet_at(self, address, store);
}

MeetingPlace meet_in_file(const RankOfWorld& self, const fs::path& path) {
  const fs::path folder = fs::absolute(path).parent_path();
  if (!fs::is_directory(folder)) {
    throw InputError(
        fmt::format("{}: the folder of the ranks' store does not exist; create it", folder.string()));
  }
  if (self.world_size > 1) require_loopback();
  return {c10::make_intrusive<c10d::FileStore>(path.string(), self.world_size), kLoopback, path.string()};
}

}  // namespace

MeetingPlace open_meeting_place(const RankOfWorld& self, const Meeting& meeting) {
  if (!meeting.store.empty()) return meet_in_file(self, meeting.store);
  if (const auto address = address_from_environment()) return meet_at_master(self, *address, meeting);
  // The folder is no place to meet without a launch's name, by which its file is told from an earlier
  // launch's.
  if (!meeting.folder.empty() && !(self.launch_id.empty() && meeting.launch.empty()))
    return meet_in_folder(self, meeting);
  throw InputError(
      "environment: MASTER_ADDR is not set; ranks meet at MASTER_ADDR:MASTER_PORT, the first rank's address "
      "and a free port of its machine: set both, or start ranks by torchrun, which does");
}

}  // namespace isoframe::model::parallel
