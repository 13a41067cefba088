#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "harness/selftest/fault.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::selftest {

namespace fs = std::filesystem;

/// Makes the copy with links to the original's folders of parts; a part that is changed is copied first.
void CheckpointCopy::make() {
  if (is_made_) return;
  fs::remove_all(copy_);
  fs::create_directories(copy_);
  for (const fs::directory_entry& entry : fs::directory_iterator(original_))
    fs::create_symlink(fs::absolute(entry.path()), copy_ / entry.path().filename());
  is_made_ = true;
}

void CheckpointCopy::change(const std::string& part, const std::string& name,
                            const std::function<void(const at::Tensor&)>& edit) {
  make();
  const fs::path folder = copy_ / part;
  if (fs::is_symlink(folder)) {
    fs::remove(folder);
    fs::copy(original_ / part, folder);
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    std::vector<std::pair<std::string, at::Tensor>> tensors;
    bool is_here = false;
    const model::checkpoint::SafetensorsFile file(entry.path());
    for (const model::checkpoint::TensorSpec& spec : file.specs()) {
      tensors.emplace_back(spec.name, file.tensor(spec.name).clone());
      if (spec.name != name) continue;
      edit(tensors.back().second);
      is_here = true;
    }
    if (!is_here) continue;
    model::checkpoint::write_safetensors(entry.path(), tensors);
    return;
  }
  throw InputError(part + " has no tensor " + name);
}

}  // namespace isoframe::harness::selftest
