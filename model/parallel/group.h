#pragma once
// A group of ranks and the collectives that the model needs.
//
// A group of one returns its input, so the single-device path is the parallel path with groups of one.
// Everything larger is c10d's: Gloo for CPU tensors, NCCL for CUDA tensors, no transport of our own.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace isoframe::model::parallel {

/// Traffic of one rank in one kind of collective of one group.
struct Traffic {
  std::uint64_t calls = 0;
  std::uint64_t bytes_sent = 0;      ///< payload that leaves this rank for others
  std::uint64_t bytes_received = 0;  ///< payload that arrives from others
  double seconds = 0.0;              ///< time inside the calls, waiting included
};

/// A report of one call that has ended.  An asynchronous call is reported twice: when it has been started,
/// with its bytes, and when it has been waited for, with none.  A call that fails is not reported.
struct CollectiveCall {
  std::string_view group;
  std::string_view collective;  ///< as in Group::traffic()
  std::chrono::steady_clock::time_point start;
  double seconds = 0.0;  ///< waiting for the others included
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

/// A send, a receive, or one of each, under way.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Returns what was received, once it is here and what was sent is on its way; for a send nothing.
  /// Call once.
  virtual at::Tensor wait() = 0;
};

class Group {
 public:
  virtual ~Group() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual const std::string& name() const = 0;

  /// Returns every rank's `input`, concatenated along `dim`.  Inputs agree in dtype and number of dimensions
  /// and may differ in the size of `dim`, which `sizes` gives for every rank.
  virtual at::Tensor all_gather(const at::Tensor& input, std::int64_t dim,
                                const std::vector<std::int64_t>& sizes) = 0;

  /// Block r of `inputs` goes to rank r; returns what each rank sent here, block r from rank r, with the
  /// shapes given.  Blocks may be empty and of different shapes.
  virtual std::vector<at::Tensor> all_to_all(const std::vector<at::Tensor>& inputs,
                                             const std::vector<std::vector<std::int64_t>>& output_shapes) = 0;

  /// Sums every rank's `tensor`, in place; all are of one shape and dtype.  The backend chooses the order
  /// of addition; every rank gets the same bits.
  virtual void all_reduce(at::Tensor& tensor) = 0;

  /// Copies `tensor` of `root` to every rank, in place.
  virtual void broadcast(at::Tensor& tensor, int root) = 0;
  /// Starts to move a tensor point to point, matched by tag, and in the same order on both sides of a pair.
  /// Both travel while the caller computes, once the other side has started too; `tensor` must not change
  /// before wait().
  virtual std::unique_ptr<Exchange> start_send(const at::Tensor& tensor, int destination, int tag) = 0;
  virtual std::unique_ptr<Exchange> start_receive(const std::vector<std::int64_t>& shape,
                                                  const at::TensorOptions& options, int source, int tag) = 0;
  /// Sends or receives as above, and waits.
  void send(const at::Tensor& tensor, int destination, int tag);
  void receive(at::Tensor& tensor, int source, int tag);
  /// Starts to send `outgoing` to rank `destination` and to receive a tensor of `shape` and the same dtype
  /// from rank `source`.  Both travel while the caller computes; `outgoing` must not change before wait().
  /// The other ranks' exchanges must match, in the same order.
  virtual std::unique_ptr<Exchange> start_exchange(const at::Tensor& outgoing, int destination,
                                                   const std::vector<std::int64_t>& shape, int source) = 0;
  virtual void barrier() = 0;
  /// True if an exchange that was started occupies this rank's device until the other side has started too,
  /// as NCCL's kernels do: better started when both are ready.
  virtual bool exchange_occupies_device() const { return false; }

  /// Traffic by collective ("all_to_all", "all_gather", "all_reduce", "broadcast", "send", "receive",
  /// "exchange", "barrier"). The seconds of asynchronous calls leave out the computation between start and
  /// wait; an all-reduce's bytes are what the ring algorithm moves, 2 (n - 1) / n of the tensor: the backend
  /// does not tell its own.
  /// On a GPU they are those for which the stream waited: communication that computing did not hide.
  const std::map<std::string, Traffic>& traffic() {
    settle();
    return traffic_;
  }
  void reset_traffic() {
    settle();
    traffic_.clear();
  }

  /// A listener to all calls that end well, on the thread that made them; an empty function ends the
  /// listening.  On a GPU it hears of them when the traffic is read, or when it is replaced.
  using Observer = std::function<void(const CollectiveCall&)>;
  void set_observer(Observer observer) {
    settle();
    observer_ = std::move(observer);
  }

 protected:
  /// Enters calls whose end nobody has waited for, and waits for them.
  virtual void settle() {}

  Observer observer_;
  std::map<std::string, Traffic> traffic_;
};

/// Makes a group of one rank, by this name.
std::shared_ptr<Group> self_group(const std::string& name);

}  // namespace isoframe::model::parallel
