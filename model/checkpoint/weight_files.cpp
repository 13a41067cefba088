#include "model/checkpoint/weight_files.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "model/checkpoint/config.h"
#include "model/checkpoint/downloads.h"
#include "model/checkpoint/safetensors.h"
#include "model/checkpoint/weight_variants.h"

namespace isoframe::model::checkpoint {

namespace fs = std::filesystem;

namespace {

/// Tensor name -> file name, as an index says it.
std::map<std::string, std::string> read_weight_map(const fs::path& index) {
  const Config weight_map = Config::load(index).object("weight_map");
  std::map<std::string, std::string> files;
  for (const auto& item : weight_map.values().items()) {
    const std::string file = weight_map.text(item.key());
    if (fs::path(file).filename() != file) {
      weight_map.fail(item.key(), fmt::format("must name a file of the same folder, but is '{}'", file));
    }
    files.emplace(item.key(), file);
  }
  return files;
}

/// Parts of the names under which quantized weights keep what turns them back into numbers: fp8 of ComfyUI,
/// compressed-tensors and ModelOpt, bitsandbytes, GPTQ and AWQ.
constexpr std::string_view kScaleWords[] = {"scale",  "absmax", "quant_map", "quant_state", "nested_",
                                            "qzeros", "g_idx",  "SCB",       "zero_point"};

bool names_a_scale(std::string_view name) {
  return std::ranges::any_of(
      kScaleWords, [&](std::string_view word) { return name.find(word) != std::string_view::npos; });
}

bool is_plain_float(at::ScalarType dtype) {
  return dtype == at::kFloat || dtype == at::kBFloat16 || dtype == at::kHalf || dtype == at::kDouble;
}

}  // namespace

struct WeightFiles::Impl {
  fs::path folder;
  at::ScalarType dtype;
  at::Device device = at::kCPU;
  std::vector<SafetensorsFile> files;
  std::map<std::string, std::size_t> file_of;  ///< tensor name -> index into files
  std::set<std::string> used;
  std::set<std::string> names;  ///< of all files, whatever an index says

  /// The tensor beside the weight `name` ("attn.to_q.weight") that scales it: "attn.to_q.weight_scale",
  /// "attn.to_q.weight.absmax"; empty without one.
  std::string scale_of(const std::string& name) const {
    const std::string module = name.substr(0, name.rfind('.') + 1);
    for (auto at = names.lower_bound(module); at != names.end() && at->starts_with(module); ++at) {
      const std::string_view own = std::string_view(*at).substr(module.size());
      const bool is_beside = own.find('.') == std::string_view::npos || at->starts_with(name + ".");
      if (*at != name && is_beside && names_a_scale(own)) return *at;
    }
    return {};
  }

  /// Refuses a weight whose numbers are not its values.
  void check_dtype(const SafetensorsFile& file, const std::string& name) const {
    const TensorSpec& spec = file.spec(name);
    const std::string scale = scale_of(name);
    if (is_plain_float(spec.dtype) && scale.empty()) return;
    throw InputError(fmt::format(
        "{}: tensor '{}' is {} {}; quantized weights are not computed here, use the checkpoint's bfloat16 or "
        "float32 ones",
        file.path().string(), name, spec.dtype_name(),
        scale.empty() ? "without a scale" : fmt::format("with a scale beside it, '{}'", scale)));
  }

  void open_indexed(const fs::path& index) {
    const std::map<std::string, std::string> weight_map = read_weight_map(index);
    require_all(index, weight_map);
    std::map<std::string, std::size_t> opened;
    for (const auto& [tensor, file] : weight_map) {
      auto found = opened.find(file);
      if (found == opened.end()) {
        found = opened.emplace(file, files.size()).first;
        files.emplace_back(folder / file);
      }
      if (!files[found->second].has(tensor)) {
        throw InputError(fmt::format("{}: tensor '{}' is missing, but {} says it is here",
                                     (folder / file).string(), tensor, index.filename().string()));
      }
      file_of.emplace(tensor, found->second);
    }
  }

  /// Refuses a folder in which files of the index are missing.
  void require_all(const fs::path& index, const std::map<std::string, std::string>& weight_map) const {
    std::set<std::string> named, missing;
    for (const auto& [tensor, file] : weight_map) {
      named.insert(file);
      require_downloaded(folder / file);
      if (!fs::exists(folder / file)) missing.insert(file);
    }
    if (missing.empty()) return;
    const std::string unfinished = unfinished_download(folder);
    throw InputError(fmt::format(
        "{}: missing, but {} names it{}; the download is not complete{}: repeat it",
        (folder / *missing.begin()).string(), index.filename().string(),
        missing.size() == 1 ? ""
                            : fmt::format(" ({} of its {} files are missing)", missing.size(), named.size()),
        unfinished.empty() ? "" : fmt::format(" ({} is here)", unfinished)));
  }

  void open_all(const std::vector<fs::path>& paths) {
    for (const fs::path& path : paths) {
      files.emplace_back(path);
      for (const TensorSpec& spec : files.back().specs()) {
        const auto [at, is_new] = file_of.emplace(spec.name, files.size() - 1);
        if (!is_new) {
          throw InputError(fmt::format("{}: tensor '{}' is also in {}; keep one of the two files",
                                       path.string(), spec.name,
                                       files[at->second].path().filename().string()));
        }
      }
    }
  }
};

WeightFiles::WeightFiles(const fs::path& folder, const at::TensorOptions& options, const std::string& variant)
    : impl_(std::make_unique<Impl>()) {
  impl_->folder = folder;
  impl_->dtype = c10::typeMetaToScalarType(options.dtype());
  impl_->device = options.device();
  if (!fs::is_directory(folder)) throw InputError(fmt::format("{}: no such folder", folder.string()));
  const WeightSet set = weight_set(folder, variant);
  set.index ? impl_->open_indexed(*set.index) : impl_->open_all(set.files);
  for (const SafetensorsFile& file : impl_->files)
    for (const TensorSpec& spec : file.specs()) impl_->names.insert(spec.name);
}

WeightFiles::~WeightFiles() = default;

void WeightFiles::check(const std::string& name, const Shape& shape) {
  const auto found = impl_->file_of.find(name);
  if (found == impl_->file_of.end()) {
    const fs::path& place = impl_->files.size() == 1 ? impl_->files[0].path() : impl_->folder;
    throw InputError(fmt::format("{}: tensor '{}' is missing; the config asks for one of shape {}",
                                 place.string(), name, shape));
  }
  const SafetensorsFile& file = impl_->files[found->second];
  impl_->check_dtype(file, name);
  if (file.spec(name).shape != shape) {
    throw InputError(fmt::format("{}: tensor '{}' has shape {}, but the config asks for {}",
                                 file.path().string(), name, file.spec(name).shape, shape));
  }
  impl_->used.insert(name);
}

at::Tensor WeightFiles::parameter(const std::string& name, const Shape& shape) {
  check(name, shape);
  return impl_->files[impl_->file_of.at(name)].tensor(name).to(impl_->device, impl_->dtype);
}

at::Tensor WeightFiles::parameter(const std::string& name, const Shape& shape, const Slice& slice) {
  check(name, shape);
  return impl_->files[impl_->file_of.at(name)]
      .tensor(name)
      .narrow(slice.dim, slice.begin, slice.length)
      .to(impl_->device, impl_->dtype);
}

bool WeightFiles::has(const std::string& name) const { return impl_->file_of.count(name) != 0; }

std::string WeightFiles::prefix_of(const std::string& tensor,
                                   const std::vector<std::string>& prefixes) const {
  const auto found = std::ranges::find_if(
      prefixes, [&](const std::string& prefix) { return has(fmt::format("{}.{}", prefix, tensor)); });
  return found == prefixes.end() ? "" : *found;
}

std::vector<std::string> WeightFiles::unused() const {
  std::vector<std::string> names;
  for (const SafetensorsFile& file : impl_->files) {
    for (const TensorSpec& spec : file.specs()) {
      if (impl_->used.count(spec.name) == 0) names.push_back(spec.name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

void WeightFiles::require_finite() const {
  for (const std::string& name : impl_->used) {
    const SafetensorsFile& file = impl_->files[impl_->file_of.at(name)];
    const at::Tensor stored = file.tensor(name);
    if (!at::isFloatingType(stored.scalar_type())) continue;
    // The sum is finite exactly if no term is NaN or infinite: doubles do not overflow on these types.
    const auto is_finite = [](const at::Tensor& t) {
      return std::isfinite(t.sum(at::kDouble).item<double>());
    };
    if (!is_finite(stored)) {
      throw InputError(fmt::format("{}: tensor '{}' holds NaN or infinity", file.path().string(), name));
    }
    if (stored.scalar_type() != impl_->dtype && !is_finite(stored.to(impl_->dtype))) {
      throw InputError(fmt::format("{}: tensor '{}' holds values that {} cannot; use bfloat16 or float32",
                                   file.path().string(), name, c10::toString(impl_->dtype)));
    }
  }
}

std::vector<WeightFiles::Entry> WeightFiles::entries() const {
  std::vector<Entry> entries;
  for (const SafetensorsFile& file : impl_->files) {
    for (const TensorSpec& spec : file.specs()) {
      entries.push_back({spec.name, spec.shape, spec.dtype, spec.dtype_name(), spec.bytes(),
                         file.path().filename().string()});
    }
  }
  return entries;
}

}  // namespace isoframe::model::checkpoint
