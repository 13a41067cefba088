#include "model/plan/operators.h"

#include <algorithm>
#include <vector>

#include "model/kernels/aligned_heads.h"
#include "model/kernels/linear.h"

namespace isoframe::model::plan {

namespace {

constexpr std::int64_t kFloatBytes = 4;
/// A 3 x 3 x 3 kernel.
constexpr std::int64_t kTaps = 27;

bool has_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f");
#else
  return false;
#endif
}

double real(std::int64_t value) { return static_cast<double>(value); }

/// ATen's blocks of queries and keys (FlashAttentionKernel.cpp): a thread holds a block of scores, their
/// maxima and sums, and a block of outputs, in float32.
std::int64_t attention_scratch_bytes(const Machine& machine, const AttentionSize& size) {
  if (!machine.is_cpu) return 0;
  constexpr std::int64_t kKeyBlock = 512;
  const std::int64_t block = size.queries >= 768 ? 256 : size.queries >= 192 ? 64 : 32;
  const std::int64_t queries = std::min(block, size.queries);
  const std::int64_t numbers = queries * (std::min(kKeyBlock, size.keys) + 2 + size.head_dim);
  return machine.threads * numbers * kFloatBytes;
}

}  // namespace

Held linear(Account& account, std::int64_t rows, std::int64_t in, std::int64_t out) {
  if (rows == 0) return {};
  account.count(2.0 * real(rows) * real(in) * real(out),
                real(rows) * real(in) + real(in) * real(out) + real(rows) * real(out));
  const Machine& machine = account.machine();
  const std::int64_t padded_rows = machine.is_cpu ? std::max(rows, kernels::kFewestRows) : rows;
  const std::int64_t padded_columns = machine.is_cpu ? kernels::padded_columns(out) : out;
  const std::int64_t padded_input = padded_rows == rows ? 0 : padded_rows * in;
  const std::int64_t product = padded_rows * padded_columns;
  if (machine.widens()) {
    const Held operand = account.hold_bytes(kFloatBytes * (padded_input + rows * in));
    const Held wide = account.hold_bytes(kFloatBytes * product);
    { const Held panel = account.hold_bytes(kFloatBytes * kernels::panel_numbers(in, out)); }
    return account.hold(rows * out);
  }
  const Held matrix = account.hold(padded_input);
  Held whole;
  {
    const std::int64_t padded_weight = padded_columns == out ? 0 : padded_columns * in;
    const Held weights =
        account.hold(machine.has_half_weights ? kernels::panel_numbers(in, out) : padded_weight);
    whole = account.hold(product);
  }
  // Columns are cut off by a copy, rows by a view.
  return padded_columns != out ? account.hold(rows * out) : std::move(whole);
}

Held row_parallel_linear(Account& account, std::int64_t rows, std::int64_t in, std::int64_t out,
                         const Sums& sums) {
  if (sums.ranks == 1 && sums.parts > 1) {
    std::vector<Held> products;
    for (int part = 0; part < sums.parts; ++part) {
      const Held input = account.hold(rows * in / sums.parts);
      products.push_back(linear(account, rows, in / sums.parts, out));
    }
    return std::move(products.front());
  }
  Held product = linear(account, rows, in, out);
  if (sums.ranks > 1 && sums.reduction == parallel::Reduction::kDeterministic) {
    // This rank's share of every rank's product, their sum, and the sums of all.
    const Held incoming = account.hold(rows * out / sums.ranks * (sums.ranks - 1));
    const Held total = account.hold(rows * out / sums.ranks);
    const Held others = account.hold(rows * out / sums.ranks * (sums.ranks - 1));
    return account.hold(rows * out);
  }
  return product;
}

Held attention(Account& account, const AttentionSize& size) {
  if (account.machine().widens()) {
    Held wide;
    {
      const InArithmeticType widened(account);
      const Held operands = account.hold(size.heads * (size.queries + 2 * size.keys) * size.head_dim);
      wide = attention(account, size);
    }
    return account.hold(size.heads * size.queries * size.head_dim);
  }
  const double pairs = real(size.queries) * real(size.keys) * (size.is_causal ? 0.5 : 1.0);
  const double rows = 2.0 * real(size.queries) + 2.0 * real(size.keys);
  account.count(4.0 * real(size.heads) * pairs * real(size.head_dim),
                rows * real(size.heads) * real(size.head_dim));
  const Machine& machine = account.machine();
  const auto copied = [&](std::int64_t tokens) {
    return kernels::numbers_copied(tokens, size.head_dim, machine.element_bytes());
  };
  const Held aligned =
      account.hold(machine.is_cpu ? size.heads * (copied(size.queries) + 2 * copied(size.keys)) : 0);
  Held output = account.hold(size.heads * size.queries * size.head_dim);
  const Held log_sum_exp = account.hold_bytes(kFloatBytes * size.heads * size.queries);
  const Held scratch = account.hold_bytes(attention_scratch_bytes(machine, size));
  return output;
}

void count_convolution(Account& account, std::int64_t in, std::int64_t out, const Volume& volume) {
  const double positions = real(volume.positions());
  account.count(2.0 * real(kTaps) * real(in) * real(out) * positions,
                positions * real(in + out) + real(kTaps) * real(in) * real(out));
}

Held padded_volume(Account& account, const Volume& volume, std::int64_t channels) {
  return account.hold_bytes(account.machine().in_arithmetic_type().element_bytes() *
                            volume.padded_positions() * channels);
}

Held convolution(Account& account, std::int64_t in, std::int64_t out, const Volume& volume) {
  count_convolution(account, in, out, volume);
  if (account.machine().widens()) {
    const Held wide = account.hold_bytes(kFloatBytes * volume.positions() * out);
    return account.hold(volume.positions() * out);
  }
  return account.hold(volume.positions() * out);
}

std::int64_t packed_convolution_bytes(const Machine& machine, std::int64_t in, std::int64_t out) {
  if (!machine.is_cpu) return 0;
  // OneDNN most often takes 24 outputs at a time if there are many and the machine lacks AVX-512.
  const std::int64_t at_a_time = has_avx512() || out < 64 ? 16 : 24;
  return machine.in_arithmetic_type().element_bytes() * kTaps * in *
         ((out + at_a_time - 1) / at_a_time * at_a_time);
}

}  // namespace isoframe::model::plan
