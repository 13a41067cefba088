#include "model/parallel/backend_group.h"

#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
#include "model/device/device.h"

namespace isoframe::model::parallel {

namespace {

/// Blocks of a collective, and exchanges, travel under these tags; send() and receive() use the caller's,
/// which are below them.
constexpr int kCollectiveTag = std::numeric_limits<int>::max();
constexpr int kExchangeTag = kCollectiveTag - 1;

std::uint64_t bytes_of(const at::Tensor& tensor) { return static_cast<std::uint64_t>(tensor.nbytes()); }

using Works = std::vector<c10::intrusive_ptr<c10d::Work>>;

/// Gloo's and c10d's messages are long and speak of sockets; people need to know what happened.
std::string reason(const std::exception& error, std::chrono::milliseconds timeout) {
  const std::string message = error.what();
  const auto says = [&](const char* text) { return message.find(text) != std::string::npos; };
  if (says("Timed out") || says("timeout") || says("Timeout")) {
    return fmt::format("no answer within {:g} s", static_cast<double>(timeout.count()) / 1000);
  }
  const std::string first_line = message.substr(0, message.find('\n'));
  if (says("closed by peer") || says("reset by peer") || says("Broken pipe") || says("Connection refused")) {
    return fmt::format("lost a peer ({})", first_line);
  }
  return first_line;
}

class BackendGroup : public Group {
 public:
  BackendGroup(Member member, Backends backends, std::chrono::milliseconds timeout)
      : member_(std::move(member)), backends_(std::move(backends)), timeout_(timeout) {
    if (!backends_.clock) backends_.clock = device::clock_of(backends_.device);
  }

  int rank() const override { return member_.rank; }
  int size() const override { return member_.size; }
  const std::string& name() const override { return member_.name; }

  at::Tensor all_gather(const at::Tensor& input, std::int64_t dim,
                        const std::vector<std::int64_t>& sizes) override {
    std::vector<std::int64_t> shape = input.sizes().vec();
    dim = at::maybe_wrap_dim(dim, input.dim());
    const std::vector<at::Tensor> sends(member_.size, input.contiguous());
    std::vector<at::Tensor> blocks;
    for (int rank = 0; rank < member_.size; ++rank) {
      shape[dim] = sizes.at(rank);
      blocks.push_back(rank == member_.rank ? sends.front() : at::empty(shape, input.options()));
    }
    exchange("all_gather", sends, blocks);
    return at::cat(blocks, dim);
  }

  std::vector<at::Tensor> all_to_all(const std::vector<at::Tensor>& inputs,
                                     const std::vector<std::vector<std::int64_t>>& output_shapes) override {
    std::vector<at::Tensor> sends;
    for (const at::Tensor& input : inputs) sends.push_back(input.contiguous());
    std::vector<at::Tensor> blocks;
    for (int rank = 0; rank < member_.size; ++rank) {
      blocks.push_back(rank == member_.rank ? sends.at(rank)
                                            : at::empty(output_shapes.at(rank), inputs.at(rank).options()));
    }
    exchange("all_to_all", sends, blocks);
    return blocks;
  }

  void all_reduce(at::Tensor& tensor) override {
    measured("all_reduce", [&](Traffic& traffic) {
      if (tensor.numel() == 0) return;
      std::vector<at::Tensor> payload{tensor.contiguous()};
      c10d::AllreduceOptions options;
      options.timeout = timeout_;
      wait(backends_.tensors->allreduce(payload, options));
      if (!payload.front().is_same(tensor)) tensor.copy_(payload.front());
      const std::uint64_t moved = bytes_of(tensor) * 2 * (member_.size - 1) / member_.size;
      traffic.bytes_sent += moved;
      traffic.bytes_received += moved;
    });
  }

  void broadcast(at::Tensor& tensor, int root) override {
    at::Tensor payload = tensor.contiguous();
    const bool is_root = root == member_.rank;
    std::vector<at::Tensor> sends(member_.size), receives(member_.size);
    if (is_root) sends.assign(member_.size, payload);
    if (!is_root) receives.at(root) = payload;
    exchange("broadcast", sends, receives);
    if (!is_root && !payload.is_same(tensor)) tensor.copy_(payload);
  }

  std::unique_ptr<Exchange> start_send(const at::Tensor& tensor, int destination, int tag) override {
    return started("send", [&](BackendExchange& exchange, Works& works, Traffic& traffic) {
      exchange.send(tensor, destination, tag, works, traffic);
    });
  }

  std::unique_ptr<Exchange> start_receive(const std::vector<std::int64_t>& shape,
                                          const at::TensorOptions& options, int source, int tag) override {
    return started("receive", [&](BackendExchange& exchange, Works& works, Traffic& traffic) {
      exchange.receive(at::empty(shape, options), source, tag, works, traffic);
    });
  }

  std::unique_ptr<Exchange> start_exchange(const at::Tensor& outgoing, int destination,
                                           const std::vector<std::int64_t>& shape, int source) override {
    return started("exchange", [&](BackendExchange& exchange, Works& works, Traffic& traffic) {
      exchange.receive(at::empty(shape, outgoing.options()), source, kExchangeTag, works, traffic);
      exchange.send(outgoing, destination, kExchangeTag, works, traffic);
    });
  }

  void barrier() override {
    // The one collective that processes wait for, not streams.
    device::synchronize(backends_.device);
    measured("barrier", [&](Traffic&) {
      c10d::BarrierOptions options;
      options.timeout = timeout_;
      backends_.control->barrier(options)->wait(timeout_);
    });
  }

  bool exchange_occupies_device() const override { return backends_.is_stream_ordered; }

 private:
  class BackendExchange : public Exchange {
   public:
    BackendExchange(BackendGroup& group, const char* collective) : group_(group), collective_(collective) {}

    void receive(const at::Tensor& incoming, int source, int tag, Works& works, Traffic& traffic) {
      incoming_ = {incoming};
      if (incoming.numel() > 0) works.push_back(group_.backends_.tensors->recv(incoming_, source, tag));
      traffic.bytes_received += bytes_of(incoming);
    }
    void send(const at::Tensor& outgoing, int destination, int tag, Works& works, Traffic& traffic) {
      outgoing_ = {outgoing.contiguous()};
      if (outgoing.numel() > 0) works.push_back(group_.backends_.tensors->send(outgoing_, destination, tag));
      traffic.bytes_sent += bytes_of(outgoing);
    }
    void start(Works works) { works_ = std::move(works); }

    at::Tensor wait() override {
      group_.timed(collective_, [&](Traffic&) { group_.wait(works_); });
      return incoming_.empty() ? at::Tensor() : incoming_.front();
    }

   private:
    BackendGroup& group_;
    const char* collective_;
    std::vector<at::Tensor> outgoing_;
    std::vector<at::Tensor> incoming_;
    Works works_;
  };

  using Start = std::function<void(BackendExchange&, Works&, Traffic&)>;
  std::unique_ptr<Exchange> started(const char* collective, const Start& start) {
    auto exchange = std::make_unique<BackendExchange>(*this, collective);
    measured(collective, [&](Traffic& traffic) {
      exchange->start(together([&](Works& works) { start(*exchange, works, traffic); }));
    });
    return exchange;
  }

  /// Gloo's connections keep the limit they were made with, the patience; each wait has its own.
  /// A limit would make NCCL's works poll, asleep for a millisecond between two looks.
  void wait(const c10::intrusive_ptr<c10d::Work>& work) const {
    if (backends_.is_stream_ordered) {
      work->wait();
    } else {
      work->wait(timeout_);
    }
  }
  void wait(const Works& works) const {
    for (const c10::intrusive_ptr<c10d::Work>& work : works) wait(work);
  }

  /// Sends and receives that `start` posts and that need each other.  NCCL runs one kernel after the other,
  /// so it must get them as one: two ranks that both send first would wait for ever.
  Works together(const std::function<void(Works&)>& start) const {
    Works works;
    if (!backends_.coalesces) {
      start(works);
      return works;
    }
    backends_.tensors->startCoalescing();
    start(works);
    // Null when nothing was posted.
    const c10::intrusive_ptr<c10d::Work> all = backends_.tensors->endCoalescing();
    return all ? Works{all} : Works{};
  }

  /// Block r of `sends` to rank r and block r of `receives` from it, all in flight at once.  Undefined and
  /// empty blocks do not travel; the own block is the caller's affair.  Point to point, because Gloo's own
  /// collectives would have blocks packed into one buffer and gathered sizes padded to the largest.
  void exchange(const char* collective, const std::vector<at::Tensor>& sends,
                const std::vector<at::Tensor>& receives) {
    measured(collective, [&](Traffic& traffic) {
      wait(together([&](Works& works) {
        for (int step = 1; step < member_.size; ++step) {
          const int source = (member_.rank + member_.size - step) % member_.size;
          const at::Tensor& block = receives.at(source);
          if (!block.defined() || block.numel() == 0) continue;
          std::vector<at::Tensor> payload{block};
          works.push_back(backends_.tensors->recv(payload, source, kCollectiveTag));
          traffic.bytes_received += bytes_of(block);
        }
        for (int step = 1; step < member_.size; ++step) {
          const int destination = (member_.rank + step) % member_.size;
          const at::Tensor& block = sends.at(destination);
          if (!block.defined() || block.numel() == 0) continue;
          std::vector<at::Tensor> payload{block};
          works.push_back(backends_.tensors->send(payload, destination, kCollectiveTag));
          traffic.bytes_sent += bytes_of(block);
        }
      }));
    });
  }

  void measured(const char* collective, const std::function<void(Traffic&)>& call) {
    ++traffic_[collective].calls;
    timed(collective, call);
  }

  void timed(const char* collective, const std::function<void(Traffic&)>& call) {
    const Traffic before = traffic_[collective];
    Call made = {collective, backends_.clock(), {}};
    explain_failure(member_, collective, timeout_, [&] { call(traffic_[collective]); });
    made.end = backends_.clock();
    made.bytes_sent = traffic_[collective].bytes_sent - before.bytes_sent;
    made.bytes_received = traffic_[collective].bytes_received - before.bytes_received;
    unsettled_.push_back(std::move(made));
    if (!backends_.is_stream_ordered || unsettled_.size() >= kMostUnsettled) settle();
  }

  void settle() override {
    for (const Call& call : std::exchange(unsettled_, {})) {
      const std::chrono::steady_clock::time_point start = call.start();
      const double seconds = std::chrono::duration<double>(call.end() - start).count();
      traffic_[call.collective].seconds += seconds;
      if (observer_)
        observer_({member_.name, call.collective, start, seconds, call.bytes_sent, call.bytes_received});
    }
  }

  /// A call that has been made; its moments may lie ahead.
  struct Call {
    const char* collective;
    device::Moment start, end;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
  };
  /// Each holds two of the device's events.
  static constexpr std::size_t kMostUnsettled = 4096;

  Member member_;
  Backends backends_;
  std::chrono::milliseconds timeout_;
  std::vector<Call> unsettled_;
};

}  // namespace

void explain_failure(const Member& member, const char* what, std::chrono::milliseconds timeout,
                     const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& error) {
    throw RunError(fmt::format("rank {}: {} in group '{}' failed: {}", member.world_rank, what, member.name,
                               reason(error, timeout)));
  }
}

std::shared_ptr<Group> make_backend_group(Member member, Backends backends,
                                          std::chrono::milliseconds timeout) {
  return std::make_shared<BackendGroup>(std::move(member), std::move(backends), timeout);
}

}  // namespace isoframe::model::parallel
