#pragma once
// A recording of the reference's transformer, as record.py writes it.

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <ATen/ATen.h>

#include "model/checkpoint/config.h"
#include "model/checkpoint/parameters.h"
#include "model/checkpoint/safetensors.h"
#include "model/transformer/transformer.h"

namespace isoframe::model::transformer {

class RecordedCase : public checkpoint::ParameterSource {
 public:
  explicit RecordedCase(const std::string& name)
      : tensors_(checkpoint::read_safetensors(std::filesystem::path(__FILE__).parent_path() / "data" /
                                              (name + ".safetensors"))) {}

  const at::Tensor& operator[](const std::string& name) const { return tensors_.at(name); }
  bool has(const std::string& name) const { return tensors_.count(name) != 0; }

  TransformerConfig config() const {
    const at::Tensor bytes = tensors_.at("config");
    const char* const text = reinterpret_cast<const char*>(bytes.const_data_ptr<std::uint8_t>());
    return TransformerConfig::from({nlohmann::json::parse(text, text + bytes.numel()), "recorded config"});
  }

  Condition condition() const { return {tensors_.at("text"), tensors_.at("byt5"), tensors_.at("image")}; }
  double timestep() const { return tensors_.at("timestep").item<double>(); }

  /// Restores the weights, which are recorded as bfloat16, and ByT5's projections, of which only the hidden
  /// units that are not zero are recorded.
  at::Tensor parameter(const std::string& name, const checkpoint::Shape& shape) override {
    asked_.insert(name);
    const at::Tensor recorded = tensors_.at("weights." + name);
    at::Tensor whole = at::zeros(shape);
    at::Tensor part = whole;
    for (std::int64_t dim = 0; dim < whole.dim(); ++dim) part = part.narrow(dim, 0, recorded.size(dim));
    part.copy_(recorded);
    if (name.rfind("context_embedder_2.linear_", 0) != 0 && recorded.sizes() != whole.sizes()) {
      throw std::runtime_error(name + " was asked for with another shape");
    }
    return whole;
  }

  const std::set<std::string>& asked() const { return asked_; }
  std::set<std::string> weights() const {
    const std::string prefix = "weights.";
    std::set<std::string> names;
    for (const auto& [name, tensor] : tensors_) {
      if (name.rfind(prefix, 0) == 0) names.insert(name.substr(prefix.size()));
    }
    return names;
  }

 private:
  std::map<std::string, at::Tensor> tensors_;
  std::set<std::string> asked_;
};

}  // namespace isoframe::model::transformer
