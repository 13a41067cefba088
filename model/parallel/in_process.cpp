#include "model/parallel/in_process.h"

#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "model/parallel/gloo_rendezvous.h"

namespace isoframe::model::parallel {

void run_in_threads(int world_size, const std::function<void(Rendezvous&)>& body,
                    std::chrono::milliseconds timeout) {
  const c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  std::mutex mutex;
  std::exception_ptr first;
  {
    std::vector<std::jthread> ranks;
    for (int rank = 0; rank < world_size; ++rank) {
      ranks.emplace_back([&, rank] {
        at::set_num_threads(1);
        const c10::InferenceMode inference;
        try {
          GlooRendezvous rendezvous(store, rank, world_size, {.timeout = timeout, .interface = "lo"});
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
