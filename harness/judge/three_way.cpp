#include "harness/judge/three_way.h"

#include <limits>
#include <optional>

#include <fmt/format.h>

#include "harness/judge/locked.h"
#include "metrics/statistics.h"

namespace isoframe::harness::judge {

using reports::records::CaseResult;
using reports::records::OwnSingle;
using reports::records::Quality;

namespace {

/// A distance that was not measured is none that could be near.
double relative_l2_of(const std::optional<Quality>& quality) {
  return quality && quality->floats ? quality->floats->relative_l2 : std::numeric_limits<double>::quiet_NaN();
}

std::string stands_alone(const std::string& one, const std::string& other, const std::string& another,
                         const Pair& near, const Pair& far) {
  return fmt::format(
      "{} stands alone: {} and {} agree (relative L2 {:.1e}, at most {:.1e}), it is {:.1e} from them", one,
      other, another, near.distance, near.bound, far.distance);
}

}  // namespace

std::string odd_one_out(const ThreeWay& runs) {
  const Pair& own = runs.layout_and_single;
  const Pair& models = runs.single_and_baseline;
  const Pair& whole = runs.layout_and_baseline;
  const int near = (own.is_near() ? 1 : 0) + (models.is_near() ? 1 : 0) + (whole.is_near() ? 1 : 0);
  if (near == 3) return {};
  if (near == 1) {
    if (models.is_near()) return stands_alone(runs.layout, runs.single, runs.baseline, models, own);
    if (own.is_near()) return stands_alone(runs.baseline, runs.layout, runs.single, own, models);
    return stands_alone(runs.single, runs.layout, runs.baseline, whole, own);
  }
  const std::string distances = fmt::format(
      "{} and {} are {:.1e} apart (at most {:.1e}), {} and {} {:.1e} (at most {:.1e}), {} and {} "
      "{:.1e} (at most {:.1e})",
      runs.layout, runs.single, own.distance, own.bound, runs.single, runs.baseline, models.distance,
      models.bound, runs.layout, runs.baseline, whole.distance, whole.bound);
  return near == 0 ? "no two of the three agree: " + distances
                   : "no one stands alone, though not all agree: " + distances;
}

OwnSingle beside_own_single(const CaseResult& layout, const CaseResult& single, const CaseResult& baseline,
                            const Quality& layout_and_single, const Quality& single_and_baseline) {
  OwnSingle beside;
  beside.name = single.name;
  beside.relative_l2 = relative_l2_of(layout_and_single);
  beside.bound = relative_l2_bound(layout, single);
  beside.psnr = layout_and_single.psnr.mean;
  if (layout_and_single.ssim) beside.ssim = layout_and_single.ssim->mean;
  beside.speedup = metrics::ratio(metrics::median(single.latency.total_seconds),
                                  metrics::median(layout.latency.total_seconds));
  beside.stands_alone = odd_one_out(
      {.layout = layout.name,
       .single = single.name,
       .baseline = baseline.name,
       .layout_and_single = {beside.relative_l2, beside.bound},
       .single_and_baseline = {relative_l2_of(single_and_baseline), relative_l2_bound(single, baseline)},
       .layout_and_baseline = {relative_l2_of(layout.quality), relative_l2_bound(layout, baseline)}});
  return beside;
}

std::string broken_by(const OwnSingle& beside) {
  if (beside.relative_l2 <= beside.bound) return {};
  return fmt::format(
      "its layout changes frames: relative L2 {:.1e} against its own single rank '{}' (at most "
      "{:.1e})",
      beside.relative_l2, beside.name, beside.bound);
}

}  // namespace isoframe::harness::judge
