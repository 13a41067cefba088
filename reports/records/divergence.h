#pragma once
// The first place where a case leaves its baseline: `first_divergence` of result.json and of run.json's rows.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/field.h"
#include "reports/records/names.h"

namespace isoframe::reports::records {

/// The part of a dimension of the baseline's tensor that a rank holds.
struct DivergenceRegion {
  std::int64_t dim = 0, begin = 0, end = 0, whole = 0;
  std::string axis;

  template <typename T = DivergenceRegion>
  static constexpr auto fields() {
    return std::tuple{
        field("dim", &T::dim, "", "dimension"),
        field("begin", &T::begin, "", "first position"),
        field("end", &T::end, "", "one past the last position"),
        field("whole", &T::whole, "", "size of the baseline's dimension"),
        field("axis", &T::axis, "", "name of the dimension: \"heads\", \"tokens\", ...", Presence::kAdded),
    };
  }
};

/// Positions along an axis that hold a difference.
struct DivergenceAxis {
  std::string axis;
  std::int64_t of = 0, count = 0, first = 0, last = 0;

  template <typename T = DivergenceAxis>
  static constexpr auto fields() {
    return std::tuple{
        field("axis", &T::axis, "", "name of the axis: \"heads\", \"tokens\", \"frames\", ..."),
        field("of", &T::of, "", "number of positions in this part"),
        field("count", &T::count, "", "number of positions that hold a difference"),
        field("first", &T::first, "", "first such position, in the whole tensor"),
        field("last", &T::last, "", "last such position, in the whole tensor"),
    };
  }
};

/// The exact difference of two tensors of one shape.
struct TensorDifference {
  std::int64_t values = 0, differing_values = 0;
  double max_difference = 0.0, relative_l2 = 0.0;
  std::vector<DivergenceAxis> axes;

  template <typename T = TensorDifference>
  static constexpr auto fields() {
    return std::tuple{
        field("values", &T::values, "", "number of values"),
        field("differing_values", &T::differing_values, "", "number of values whose bits differ"),
        any_number(field("max_difference", &T::max_difference, "", "largest absolute difference")),
        any_number(
            field("relative_l2", &T::relative_l2, "", "norm of the difference / norm of the reference")),
        field("axes", &T::axes, "", "where they lie along each axis"),
    };
  }
};

/// The size of the difference at a later point, estimated from fingerprints.
struct DivergenceGrowth {
  std::string point;
  std::optional<std::int64_t> index;
  double relative_l2 = 0.0;

  template <typename T = DivergenceGrowth>
  static constexpr auto fields() {
    return std::tuple{
        field("point", &T::point, "", "a later point: a step's latents, the decoded video, the frames"),
        field("index", &T::index, "", "its step; null where it has none", Presence::kNull),
        any_number(field("relative_l2", &T::relative_l2, "", "relative L2 of the difference, estimated")),
    };
  }
};

/// What is left of a difference where its place is computed from the baseline's inputs.
struct OwnError {
  double relative_l2 = 0.0;
  bool is_exact = false;
  std::string origin;

  template <typename T = OwnError>
  static constexpr auto fields() {
    return std::tuple{
        any_number(field("relative_l2", &T::relative_l2, "", "relative L2 of what is left of it")),
        field("is_exact", &T::is_exact, "",
              "true if all that decides the place was the baseline's; else an estimate: something was not "
              "shown, or "
              "could not be replaced"),
        field("origin", &T::origin, "", "`its own`, `inherited in part`, `inherited`"),
    };
  }
};

/// The place of a difference that came again.
struct DivergencePlace {
  std::string stage;
  std::optional<std::int64_t> step;
  std::string branch;
  std::optional<std::int64_t> block, tile;
  std::string point, place;
  DivergenceKind kind = DivergenceKind::kValues;
  std::vector<int> ranks;
  std::optional<std::vector<std::int64_t>> shape;
  std::vector<std::int64_t> whole_shape;
  std::vector<DivergenceRegion> region;
  std::optional<double> relative_l2;
  std::optional<TensorDifference> difference;
  std::vector<DivergenceGrowth> growth;
  double tolerance = 0.0;
  std::optional<OwnError> own_error;

  template <typename T = DivergencePlace>
  static constexpr auto fields() {
    return std::tuple{
        field("stage", &T::stage, "", "outermost stage"),
        field("step", &T::step, "", "denoising step; null where the point has none", Presence::kNull),
        field("branch", &T::branch, "", "`conditional` or `unconditional`; null where the point has none",
              Presence::kNull),
        field("block", &T::block, "", "block; null where the point has none", Presence::kNull),
        field("tile", &T::tile, "", "tile; null where the point has none", Presence::kNull),
        field("point", &T::point, "", "probe point (\"transformer_blocks.attn.query\")"),
        field("place", &T::place, "", "the point with all stages around it"),
        field("kind", &T::kind, "",
              "`values`; `shape`: no part of the baseline's tensor; `missing`: no rank comes by; `surplus`: "
              "the baseline does not; `gap`: a part is on no rank"),
        field("ranks", &T::ranks, "", "ranks that differ there"),
        field("shape", &T::shape, "", "shape of the first such rank's tensor", Presence::kNull),
        field("whole_shape", &T::whole_shape, "", "shape of the baseline's tensor"),
        field("region", &T::region, "", "which part of the baseline's the first such rank holds"),
        any_number(field("relative_l2", &T::relative_l2, "",
                         "largest relative L2 of the ranks' differences, estimated from fingerprints",
                         Presence::kNull)),
        field("difference", &T::difference, "",
              "the first such rank's difference, exactly; only of kind `values`", Presence::kOmitted),
        field("growth", &T::growth, "", "how much of it reaches the frames"),
        field("tolerance", &T::tolerance, "",
              "relative L2 up to which a point counted as equal; 0 for bit for bit", Presence::kAdded),
        field("own_error", &T::own_error, "",
              "the difference that the place makes itself; only where inputs could be grafted",
              Presence::kOmitted),
    };
  }
};

/// A difference that appears once those before it are repaired.
struct DivergenceBehind {
  std::string sentence;
  std::optional<DivergencePlace> found;

  template <typename T = DivergenceBehind>
  static constexpr auto fields() {
    return std::tuple{
        field("sentence", &T::sentence, "", "all of it in one line"),
        field("found", &T::found, "", "", Presence::kInline),
    };
  }
};

struct FirstDivergence {
  std::string sentence;
  std::optional<bool> reproduced;
  std::optional<DivergencePlace> found;
  std::vector<DivergenceBehind> behind = {};
  std::string not_grafted = {};

  template <typename T = FirstDivergence>
  static constexpr auto fields() {
    return std::tuple{
        field("sentence", &T::sentence, "", "all of it in one line"),
        field("reproduced", &T::reproduced, "",
              "whether the difference came again; null where a run failed; the fields below only if true",
              Presence::kNull),
        field("found", &T::found, "", "", Presence::kInline),
        field(
            "behind", &T::behind, "",
            "the next differences, each found in a run in which the baseline's tensors stood in those before",
            Presence::kAdded),
        field("not_grafted", &T::not_grafted, "",
              "why the baseline's tensors were not put into the case's run; empty where they were",
              Presence::kAdded),
    };
  }
};

nlohmann::json to_json(const FirstDivergence& record);
FirstDivergence first_divergence_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
