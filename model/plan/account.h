#pragma once
// The cost of a computation, from the sizes of its tensors alone.
//
// The walks of this folder go through the model as the model goes through its tensors: where it allocates one
// they hold as many bytes, for as long; where it multiplies they count.  So a walk's peak is the model's.

#include <cstdint>
#include <utility>

#include <ATen/core/Tensor.h>

namespace isoframe::model::plan {

/// The machine that computes.  It decides what there is besides tensors: attention's scratch, packed weights.
struct Machine {
  at::ScalarType dtype = at::kFloat;
  int threads = 1;
  bool is_cpu = true;  ///< this program's CPU kernels; else a device that takes tensors as they are
  bool has_half_weights = false;  ///< beside tensors of float32

  std::int64_t element_bytes() const { return static_cast<std::int64_t>(c10::elementSize(dtype)); }
  /// The type in which products and convolutions are computed (kernels::arithmetic_type).
  at::ScalarType arithmetic() const;
  /// True where tensors of a half type are multiplied in float32.
  bool widens() const { return arithmetic() != dtype; }
  /// The same machine with tensors of its arithmetic type.
  Machine in_arithmetic_type() const;
};

struct Work {
  double flops = 0.0;
  /// Read and written by matrix products, convolutions and attention, each operand and result once; what lies
  /// between them counts as fused.
  double bytes = 0.0;

  Work& operator+=(const Work& other);
};

class Account;

/// Memory that is held as long as this lives, as by a tensor.
class Held {
 public:
  Held() = default;
  Held(Account& account, std::int64_t bytes);
  Held(Held&& other) noexcept
      : account_(std::exchange(other.account_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Held& operator=(Held&& other) noexcept;
  ~Held() { let_go(); }

  std::int64_t bytes() const { return bytes_; }

 private:
  void let_go();

  Account* account_ = nullptr;
  std::int64_t bytes_ = 0;
};

class Account {
 public:
  explicit Account(const Machine& machine) : machine_(machine) {}
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  const Machine& machine() const { return machine_; }
  /// A tensor of so many numbers of the machine's dtype.
  Held hold(std::int64_t numbers) { return {*this, numbers * machine_.element_bytes()}; }
  Held hold_bytes(std::int64_t bytes) { return {*this, bytes}; }
  /// An operator that reads and writes so many numbers.
  void count(double flops, double numbers);

  /// Work counted since the last begin().
  const Work& work() const { return work_; }
  std::int64_t peak() const { return peak_; }
  /// Counts from nothing; the peak begins at what is held now.
  void begin();

 private:
  friend class Held;
  friend class InArithmeticType;

  Machine machine_;
  Work work_;
  std::int64_t live_ = 0;
  std::int64_t peak_ = 0;
};

/// Tensors of the account are of its machine's arithmetic type as long as this lives.
class InArithmeticType {
 public:
  explicit InArithmeticType(Account& account) : account_(account), outside_(account.machine_) {
    account.machine_ = outside_.in_arithmetic_type();
  }
  InArithmeticType(const InArithmeticType&) = delete;
  InArithmeticType& operator=(const InArithmeticType&) = delete;
  ~InArithmeticType() { account_.machine_ = outside_; }

 private:
  Account& account_;
  Machine outside_;
};

}  // namespace isoframe::model::plan
