#pragma once
// Weights of a model that no file holds.

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "model/checkpoint/parameters.h"

namespace isoframe::layouts {

/// Gives the same values for the same name and shape, always, scaled so that signals neither vanish nor
/// explode.  Ranks that are threads share the tensors, which are only read.
class SeededParameters : public model::checkpoint::ParameterSource {
 public:
  using ParameterSource::parameter;
  at::Tensor parameter(const std::string& name, const model::checkpoint::Shape& shape) override;

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, model::checkpoint::Shape>, at::Tensor> made_;
};

/// The same values, in float64.
class DoubleParameters : public model::checkpoint::ParameterSource {
 public:
  explicit DoubleParameters(SeededParameters& source) : source_(source) {}
  using ParameterSource::parameter;
  at::Tensor parameter(const std::string& name, const model::checkpoint::Shape& shape) override {
    return source_.parameter(name, shape).to(at::kDouble);
  }

 private:
  SeededParameters& source_;
};

}  // namespace isoframe::layouts
