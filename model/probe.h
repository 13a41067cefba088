#pragma once
// Named taps: what a run shows an observer, and where a fault can be planted.
//
// A Probe is handed down by reference.  The default does nothing.  Timing, recording and fault injection are
// three uses of it; model code only says what is happening.

#include <array>
#include <cstdint>
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

/// One place of the computation: a name as the checkpoint or the pipeline spells it ("transformer_blocks",
/// "latents", "decode.tile") and an index into its repetitions (block 17, step 3), -1 where there is only
/// one.  A tensor that layouts split says which share of the whole it is: of tokens, of heads, or of both.
struct ProbePoint {
  std::string_view name;
  std::int64_t index = -1;
  std::array<Share, 2> shares = {};
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
