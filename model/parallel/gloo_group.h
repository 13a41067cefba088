#pragma once
// A group over c10d's ProcessGroupGloo: CPU tensors of any dtype.

#include <chrono>
#include <memory>
#include <string>

#include <c10/util/intrusive_ptr.h>

#include "model/parallel/group.h"

namespace c10d {
class Store;
}

namespace isoframe::model::parallel {

struct GlooOptions {
  /// How long a rank waits for its peers in each collective.
  std::chrono::milliseconds timeout = std::chrono::minutes(30);
  /// How long it waits for them when a group is made.
  std::chrono::milliseconds patience = std::chrono::minutes(1);
  /// Network interface; empty: the one that this machine's host name resolves to.
  std::string interface = "lo";
};

/// This rank's place in a group to be made.
struct GlooMember {
  std::string name;    ///< of the group, for people
  int rank = 0;        ///< in the group
  int size = 0;        ///< of the group
  int world_rank = 0;  ///< for people: errors name it
};

/// Meets the other members through `store`, which must be the group's own (a PrefixStore).  Blocks until all
/// have come; throws RunError when one has not within the timeout.
std::shared_ptr<Group> make_gloo_group(const GlooMember& member, const c10::intrusive_ptr<c10d::Store>& store,
                                       const GlooOptions& options);

}  // namespace isoframe::model::parallel
