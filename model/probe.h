#pragma once
// Named taps: what a run shows an observer, and where a fault can be planted.
//
// A Probe is handed down by reference.  The default does nothing.  Timing, recording and fault injection are
// three uses of it; model code only says what is happening.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace at {
class Tensor;
}

namespace isoframe::model {

/// A tensor's place in the whole that a single rank would hold here: along `dim` it begins at `begin` of
/// `whole`.  Where `whole` is 0 it is whole in every dimension.
struct Share {
  std::int64_t dim = 0;
  std::int64_t begin = 0;
  std::int64_t whole = 0;
};

/// The names of a tensor's axes, in order: what each of its dimensions counts.
using Axes = std::span<const std::string_view>;

/// The axes of all tensors that are shown.
namespace axes {
inline constexpr std::array<std::string_view, 2> kVector = {"batch", "channels"};
inline constexpr std::array<std::string_view, 2> kRotary = {"tokens", "channels"};
inline constexpr std::array<std::string_view, 3> kTokens = {"batch", "tokens", "channels"};
inline constexpr std::array<std::string_view, 4> kTokensOfHeads = {"batch", "tokens", "heads", "channels"};
inline constexpr std::array<std::string_view, 4> kHeadsOfTokens = {"batch", "heads", "tokens", "channels"};
inline constexpr std::array<std::string_view, 3> kPicture = {"rows", "columns", "channels"};
inline constexpr std::array<std::string_view, 4> kPictures = {"batch", "channels", "rows", "columns"};
inline constexpr std::array<std::string_view, 4> kFrames = {"frames", "rows", "columns", "channels"};
inline constexpr std::array<std::string_view, 5> kVideo = {"batch", "channels", "frames", "rows", "columns"};
}  // namespace axes

/// One place of the computation: a name as the checkpoint or the pipeline spells it ("transformer_blocks",
/// "latents", "decode.tile") and an index into its repetitions (block 17, step 3), -1 where there is only
/// one.  A tensor is shown with the names of its axes; one that layouts split says which share of the whole
/// it is: of tokens, of heads, or of both.
struct ProbePoint {
  std::string_view name;
  std::int64_t index = -1;
  std::array<Share, 2> shares = {};
  Axes axes = {};
};

class Probe {
 public:
  virtual ~Probe() = default;
  /// A stage begins or ends on this rank.  Stages nest; each begin has its end, also when an exception
  /// passes.
  virtual void begin(ProbePoint) {}
  virtual void end(ProbePoint) {}
  /// A tensor that exists at this point.  An observer may read it; a fault probe may write into it.
  virtual void tensor(ProbePoint, const at::Tensor&) {}
};

/// Observes nothing.
inline Probe& no_probe() {
  static Probe probe;
  return probe;
}

/// begin() now, end() when it leaves scope.
class ProbeScope {
 public:
  ProbeScope(Probe& probe, ProbePoint point) : probe_(probe), point_(point) { probe_.begin(point_); }
  ~ProbeScope() { probe_.end(point_); }
  ProbeScope(const ProbeScope&) = delete;
  ProbeScope& operator=(const ProbeScope&) = delete;

 private:
  Probe& probe_;
  ProbePoint point_;
};

}  // namespace isoframe::model
