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

/// The same values in another type.
class ConvertedParameters : public model::checkpoint::ParameterSource {
 public:
  ConvertedParameters(SeededParameters& source, at::ScalarType dtype) : source_(source), dtype_(dtype) {}
  using ParameterSource::parameter;
  at::Tensor parameter(const std::string& name, const model::checkpoint::Shape& shape) override {
    return source_.parameter(name, shape).to(dtype_);
  }

 private:
  SeededParameters& source_;
  at::ScalarType dtype_;
};

}  // namespace isoframe::layouts
