#include "model/parallel/in_process.h"

#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "model/parallel/gloo_rendezvous.h"

namespace isoframe::model::parallel {

namespace {

/// Keeps its groups: were they closed while a rank's exception unwinds, others would report a lost peer
/// first.
class KeepingRendezvous : public GlooRendezvous {
 public:
  using GlooRendezvous::GlooRendezvous;
  std::shared_ptr<Group> group(const std::string& name, const std::vector<int>& world_ranks) override {
    return groups_.emplace_back(GlooRendezvous::group(name, world_ranks));
  }

 private:
  std::vector<std::shared_ptr<Group>> groups_;
};

}  // namespace

void run_in_threads(int world_size, const std::function<void(Rendezvous&)>& body,
                    std::chrono::milliseconds timeout) {
  // c10d keeps one flight recorder a process, and Gloo groups of several threads write to it without a lock:
  // it crashes within minutes.  Read when the first group is made.
  setenv("TORCH_FR_BUFFER_SIZE", "0", 0);
  const c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  std::mutex mutex;
  std::exception_ptr first;
  {
    std::vector<std::jthread> ranks;
    for (int rank = 0; rank < world_size; ++rank) {
      ranks.emplace_back([&, rank] {
        at::set_num_threads(1);
        const c10::InferenceMode inference;
        KeepingRendezvous rendezvous(store, rank, world_size,
                                     {.timeout = timeout, .patience = timeout, .interface = "lo"});
        try {
          body(rendezvous);
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!first) first = std::current_exception();
        }
      });
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace isoframe::model::parallel
