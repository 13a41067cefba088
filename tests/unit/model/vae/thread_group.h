#pragma once
// Ranks as threads of one process, for point-to-point messages only.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "model/parallel/group.h"

namespace isoframe::model::vae {

class Mailbox {
 public:
  using Key = std::tuple<int, int, int>;  ///< source, destination, tag

  void send(const Key& key, const at::Tensor& tensor) {
    const std::lock_guard lock(mutex_);
    messages_[key] = tensor.clone();
    changed_.notify_all();
  }

  at::Tensor receive(const Key& key) {
    std::unique_lock lock(mutex_);
    wait(lock, [&] { return messages_.count(key) != 0; });
    at::Tensor tensor = messages_.at(key);
    messages_.erase(key);
    changed_.notify_all();
    return tensor;
  }

 private:
  template <typename Condition>
  void wait(std::unique_lock<std::mutex>& lock, const Condition& condition) {
    if (!changed_.wait_for(lock, std::chrono::seconds(60), condition))
      throw std::runtime_error("ranks wait for each other");
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, at::Tensor> messages_;
};

class ThreadGroup : public parallel::Group {
 public:
  ThreadGroup(int rank, int size, std::shared_ptr<Mailbox> mailbox)
      : rank_(rank), size_(size), mailbox_(std::move(mailbox)) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::string& name() const override { return name_; }

  std::unique_ptr<parallel::Exchange> start_send(const at::Tensor& tensor, int destination,
                                                 int tag) override {
    traffic_["send"].bytes_sent += tensor.nbytes();
    mailbox_->send({rank_, destination, tag}, tensor);
    return std::make_unique<Message>([] { return at::Tensor(); });
  }
  std::unique_ptr<parallel::Exchange> start_receive(const std::vector<std::int64_t>& shape,
                                                    const at::TensorOptions&, int source, int tag) override {
    return std::make_unique<Message>([=, this] {
      const at::Tensor message = mailbox_->receive({source, rank_, tag});
      if (message.sizes() != shape) throw std::logic_error("a message of another shape");
      return message;
    });
  }

  at::Tensor all_gather(const at::Tensor&, std::int64_t, const std::vector<std::int64_t>&) override {
    refuse();
  }
  std::vector<at::Tensor> all_to_all(const std::vector<at::Tensor>&,
                                     const std::vector<std::vector<std::int64_t>>&) override {
    refuse();
  }
  void all_reduce(at::Tensor&) override { refuse(); }
  std::unique_ptr<parallel::Exchange> start_exchange(const at::Tensor&, int, const std::vector<std::int64_t>&,
                                                     int) override {
    refuse();
  }
  void broadcast(at::Tensor&, int) override { refuse(); }
  void barrier() override { refuse(); }

 private:
  class Message : public parallel::Exchange {
   public:
    explicit Message(std::function<at::Tensor()> arrive) : arrive_(std::move(arrive)) {}
    at::Tensor wait() override { return arrive_(); }

   private:
    std::function<at::Tensor()> arrive_;
  };

  [[noreturn]] static void refuse() { throw std::logic_error("tiles travel point to point"); }

  int rank_;
  int size_;
  std::shared_ptr<Mailbox> mailbox_;
  std::string name_ = "vae_patch";
};

/// Runs `body` on each rank of a group, one thread a rank; returns what each returned, by rank.
inline std::vector<at::Tensor> on_ranks(int size,
                                        const std::function<at::Tensor(std::shared_ptr<ThreadGroup>)>& body) {
  auto mailbox = std::make_shared<Mailbox>();
  std::vector<at::Tensor> results(static_cast<std::size_t>(size));
  std::vector<std::exception_ptr> errors(results.size());
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      const c10::InferenceMode inference;
      at::set_num_threads(1);
      const auto index = static_cast<std::size_t>(rank);
      try {
        results[index] = body(std::make_shared<ThreadGroup>(rank, size, mailbox));
      } catch (...) {
        errors[index] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  return results;
}

}  // namespace isoframe::model::vae
