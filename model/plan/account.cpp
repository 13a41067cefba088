#include "model/plan/account.h"

#include <algorithm>

#include "model/kernels/half.h"

namespace isoframe::model::plan {

at::ScalarType Machine::arithmetic() const { return is_cpu ? kernels::arithmetic_type(dtype) : dtype; }

Machine Machine::in_arithmetic_type() const {
  Machine machine = *this;
  machine.has_half_weights = has_half_weights || widens();
  machine.dtype = arithmetic();
  return machine;
}

Work& Work::operator+=(const Work& other) {
  flops += other.flops;
  bytes += other.bytes;
  return *this;
}

Held::Held(Account& account, std::int64_t bytes) : account_(&account), bytes_(bytes) {
  account_->live_ += bytes_;
  account_->peak_ = std::max(account_->peak_, account_->live_);
}

Held& Held::operator=(Held&& other) noexcept {
  let_go();
  account_ = std::exchange(other.account_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void Held::let_go() {
  if (account_ != nullptr) account_->live_ -= bytes_;
  account_ = nullptr;
  bytes_ = 0;
}

void Account::count(double flops, double numbers) {
  work_ += {flops, numbers * static_cast<double>(machine_.element_bytes())};
}

void Account::begin() {
  work_ = {};
  peak_ = live_;
}

}  // namespace isoframe::model::plan
