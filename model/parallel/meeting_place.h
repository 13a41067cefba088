#pragma once
// The meeting of ranks: a key-value store that all of them reach, and the interface that their groups talk
// over.

#include <chrono>
#include <filesystem>
#include <string>

#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include "model/parallel/rank_of_world.h"

namespace c10d {
class Store;
}

namespace isoframe::model::parallel {

struct Meeting {
  /// Ranks of one machine meet through this file and the loopback interface.
  std::filesystem::path store = {};
  /// A folder that all machines share, used without a store: rank 0 leaves its address there if its launcher
  /// has not set MASTER_ADDR and MASTER_PORT.
  std::filesystem::path folder = {};
  /// Tells this launch's file in the folder from an earlier one's, where the launcher gives no name.
  std::string launch = {};
  std::chrono::milliseconds patience = std::chrono::seconds(10);  ///< for the last rank to come
  std::chrono::milliseconds timeout = std::chrono::minutes(30);   ///< of each collective, later
  c10::Device device = c10::Device(c10::kCPU);                    ///< the rank's own, of its tensors
};

struct MeetingPlace {
  c10::intrusive_ptr<c10d::Store> store;
  std::string interface;
  std::string name;  ///< for people
};

/// The file where there is one, else MASTER_ADDR:MASTER_PORT, else what rank 0 has left in the folder.  The
/// interface is GLOO_SOCKET_IFNAME, else the one over which rank 0 is reached.  Throws InputError for
/// variables that are missing or malformed and a port in use, RunError when rank 0 does not come in time.
MeetingPlace open_meeting_place(const RankOfWorld& self, const Meeting& meeting);

}  // namespace isoframe::model::parallel
