#pragma once
// Probes that record a run, or keep one tensor of it.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "harness/locate/recording.h"
#include "model/probe.h"

namespace isoframe::harness::locate {

/// Base of probes that need the place of every point.  For one thread: a rank's.
class PlaceProbe : public model::Probe {
 public:
  void begin(model::ProbePoint point) override;
  void end(model::ProbePoint point) override;
  void tensor(model::ProbePoint point, const at::Tensor& value) final;

 protected:
  virtual void at_place(const Place& place, const model::ProbePoint& point, const at::Tensor& value) = 0;

 private:
  std::string stages_;
  std::vector<std::size_t> lengths_;  ///< lengths of `stages_` before each stage that is open
  std::map<std::string, int> seen_;   ///< occurrences of each point within the stages that are open
};

/// Records a rank's fingerprints.
class RecordingProbe : public PlaceProbe {
 public:
  const Recording& recording() const { return recording_; }

 private:
  void at_place(const Place& place, const model::ProbePoint& point, const at::Tensor& value) override;
  Recording recording_;
};

/// Parts of the whole that ranks of some layout hold, by place.
using Regions = std::map<Place, std::vector<Part>>;
/// Collects the parts from the recordings of all ranks of a layout.
Regions regions_of(const std::vector<Recording>& recordings);

/// Records what a single rank holds at each place, in the parts that `regions` asks for.
class ReferenceProbe : public PlaceProbe {
 public:
  explicit ReferenceProbe(Regions regions) : regions_(std::move(regions)) {}
  const Reference& reference() const { return reference_; }

 private:
  void at_place(const Place& place, const model::ProbePoint& point, const at::Tensor& value) override;
  Regions regions_;
  Reference reference_;
};

/// Keeps a copy of the tensor at each of some places.
class KeepingProbe : public PlaceProbe {
 public:
  explicit KeepingProbe(const std::vector<Place>& places) : places_(places.begin(), places.end()) {}
  /// Undefined if this rank never reaches the place.
  at::Tensor kept(const Place& place) const;

 private:
  void at_place(const Place& place, const model::ProbePoint& point, const at::Tensor& value) override;
  std::set<Place> places_;
  std::map<Place, at::Tensor> kept_;
};

/// Puts given tensors, each whole as a single rank holds it, in place of what this rank computes at some
/// places: of each its own part.
class GraftingProbe : public PlaceProbe {
 public:
  explicit GraftingProbe(std::map<Place, at::Tensor> grafts) : grafts_(std::move(grafts)) {}
  /// The places at which this rank's tensor is no part of the given one: they keep what was computed.
  const std::set<Place>& missed() const { return missed_; }

 private:
  void at_place(const Place& place, const model::ProbePoint& point, const at::Tensor& value) override;
  std::map<Place, at::Tensor> grafts_;
  std::set<Place> missed_;
};

/// Passes each point to several observers of one run in order, so that one that writes must go first.
class ProbeChain : public model::Probe {
 public:
  explicit ProbeChain(std::vector<model::Probe*> probes) : probes_(std::move(probes)) {}
  void begin(model::ProbePoint point) override {
    for (model::Probe* probe : probes_) probe->begin(point);
  }
  void end(model::ProbePoint point) override {
    for (model::Probe* probe : probes_) probe->end(point);
  }
  void tensor(model::ProbePoint point, const at::Tensor& value) override {
    for (model::Probe* probe : probes_) probe->tensor(point, value);
  }

 private:
  std::vector<model::Probe*> probes_;
};

/// True if `part` is a part of a whole of this shape: every dimension that it does not share is whole.
bool fits(const Shape& whole, const Part& part);
/// Cuts the part out of `whole`, which it must fit.
at::Tensor part_of(const at::Tensor& whole, const Part& part);

}  // namespace isoframe::harness::locate
