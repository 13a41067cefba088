#pragma once
// A checkpoint's contents, compared with what the model asks for.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"

namespace isoframe::model::synthetic {

struct PartReport {
  std::string name;
  std::string class_name;
  std::uint64_t tensors = 0;
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
  std::map<std::string, std::uint64_t> dtypes;  ///< "F32" -> tensors of it
  std::vector<std::string> files;
  std::vector<std::string> problems;  ///< one line a tensor that is missing or of another shape
  std::vector<std::string> surplus;   ///< tensors that the model does not ask for
};

/// The parts that have weights, in the order of the pipeline.  Throws InputError where a part cannot be read
/// at all; a tensor that is missing or shaped otherwise is listed.
std::vector<PartReport> inspect(const checkpoint::Checkpoint& checkpoint);

}  // namespace isoframe::model::synthetic
