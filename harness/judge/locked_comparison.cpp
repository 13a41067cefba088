#include "harness/judge/locked_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::judge {

using locate::LockedName;
using locate::LockedResults;
using reports::records::LockedDistance;
using reports::records::LockedRecord;
using reports::records::LockedTensor;

namespace {

/// Adds up the distance of values from exact ones.
class DistanceSum {
 public:
  void add(double difference) {
    squares_ += difference * difference;
    sum_ += difference;
    largest_ = std::max(largest_, std::abs(difference));
  }
  LockedDistance over(std::int64_t count) const {
    if (count == 0) return {};
    const auto n = static_cast<double>(count);
    return {.rms = std::sqrt(squares_ / n), .largest = largest_, .mean = sum_ / n};
  }

 private:
  double squares_ = 0.0, sum_ = 0.0, largest_ = 0.0;
};

/// True if both are finite, both NaN, or both the same infinity.
bool are_of_one_kind(float a, float b) {
  if (std::isfinite(a) && std::isfinite(b)) return true;
  return (std::isnan(a) && std::isnan(b)) || a == b;
}

/// Three contiguous float32 tensors of one size.
LockedTensor compare(const at::Tensor& exact, const at::Tensor& baseline, const at::Tensor& candidate) {
  LockedTensor result;
  DistanceSum of_baseline, of_candidate, of_nothing;
  const float *e = exact.const_data_ptr<float>(), *b = baseline.const_data_ptr<float>(),
              *c = candidate.const_data_ptr<float>();
  for (std::int64_t i = 0; i < exact.numel(); ++i) {
    if (!are_of_one_kind(b[i], c[i])) ++result.non_finite_elsewhere;
    if (!std::isfinite(e[i]) || !std::isfinite(b[i]) || !std::isfinite(c[i])) continue;
    ++result.compared;
    of_nothing.add(static_cast<double>(e[i]));
    of_baseline.add(static_cast<double>(b[i]) - static_cast<double>(e[i]));
    of_candidate.add(static_cast<double>(c[i]) - static_cast<double>(e[i]));
  }
  result.rms = of_nothing.over(result.compared).rms;
  result.baseline = of_baseline.over(result.compared);
  result.candidate = of_candidate.over(result.compared);
  return result;
}

/// The tensor of the first rank that holds it; undefined without one.
at::Tensor tensor_of(const LockedRun& run, const LockedName& name) {
  for (const LockedResults& rank : run)
    if (const auto found = rank.find(name); found != rank.end()) return found->second;
  return {};
}

void require_shape(const LockedName& name, const at::Tensor& expected, const at::Tensor& found,
                   const std::string& whose) {
  if (!found.defined()) throw RunError(fmt::format("{} left {}", whose, locate::to_string(name)));
  if (found.sizes() != expected.sizes())
    throw RunError(fmt::format("{} left {} as [{}], not [{}]", whose, locate::to_string(name),
                               fmt::join(found.sizes(), ", "), fmt::join(expected.sizes(), ", ")));
}

bool is_further(const LockedTensor& a, const LockedTensor& b) {
  if (a.non_finite_elsewhere != b.non_finite_elsewhere)
    return a.non_finite_elsewhere > b.non_finite_elsewhere;
  return a.candidate.rms > b.candidate.rms;
}

/// The comparison of the rank that is furthest away.
LockedTensor furthest(const LockedName& name, const at::Tensor& exact, const at::Tensor& baseline,
                      const LockedRun& candidate) {
  require_shape(name, baseline, tensor_of(candidate, name), "no rank of the case");
  std::optional<LockedTensor> result;
  for (std::size_t rank = 0; rank < candidate.size(); ++rank) {
    const auto held = candidate[rank].find(name);
    if (held == candidate[rank].end()) continue;
    require_shape(name, baseline, held->second, fmt::format("rank {}", rank));
    LockedTensor compared = compare(exact, baseline, held->second);
    compared.rank = static_cast<int>(rank);
    if (!result || is_further(compared, *result)) result = compared;
  }
  result->part = name.part;
  if (name.step >= 0) result->step = name.step;
  result->tensor = name.tensor;
  return *result;
}

/// Every name that a rank of the run holds, in the order of the pipeline, with its first tensor.
LockedResults all_of(const LockedRun& run) {
  LockedResults all;
  for (const LockedResults& rank : run) all.insert(rank.begin(), rank.end());
  return all;
}

}  // namespace

LockedRecord compare_locked(const LockedRun* exact, const LockedRun& baseline, const LockedRun& candidate) {
  LockedRecord record;
  record.exact = exact != nullptr ? "float32" : "baseline";
  for (const auto& [name, own] : all_of(baseline)) {
    const at::Tensor reference = exact != nullptr ? tensor_of(*exact, name) : own;
    require_shape(name, own, reference, "the baseline in float32");
    // A prompt without quoted words has no glyphs to compare.
    if (own.numel() > 0) record.tensors.push_back(furthest(name, reference, own, candidate));
  }
  return record;
}

std::optional<std::int64_t> first_unrepeated_step(const LockedRun& run, const std::vector<at::Tensor>& kept) {
  for (std::size_t step = 0; step < kept.size(); ++step) {
    const auto index = static_cast<std::int64_t>(step);
    const at::Tensor again = tensor_of(run, {reports::records::LockedPart::kTransformer, index, "latents"});
    const at::Tensor expected = kept[step].contiguous();
    // Bits, so that NaN equals itself.
    if (!again.defined() || again.sizes() != expected.sizes() ||
        !at::equal(again.view(at::kInt), expected.view(at::kInt)))
      return index;
  }
  return std::nullopt;
}

double relative_l2_of_frames(const std::filesystem::path& reference_file,
                             const std::filesystem::path& candidate_file) {
  const model::checkpoint::SafetensorsFile references(reference_file), candidates(candidate_file);
  const at::Tensor reference = references.tensor("frames").contiguous();
  const at::Tensor candidate = candidates.tensor("frames").contiguous();
  require_shape({reports::records::LockedPart::kDecode, -1, "frames"}, reference, candidate,
                candidate_file.string());
  const LockedTensor compared = compare(reference, reference, candidate);
  if (compared.compared != reference.numel()) return std::numeric_limits<double>::quiet_NaN();
  return compared.candidate.rms == 0.0 ? 0.0 : compared.candidate.rms / compared.rms;
}

}  // namespace isoframe::harness::judge
