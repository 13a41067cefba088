#include "model/parallel/split.h"

namespace isoframe::model::parallel {

Split split_evenly(std::int64_t length, int parts) {
  Split split;
  std::int64_t offset = 0;
  for (int part = 0; part < parts; ++part) {
    const std::int64_t size = length / parts + (part < length % parts ? 1 : 0);
    split.sizes.push_back(size);
    split.offsets.push_back(offset);
    offset += size;
  }
  return split;
}

}  // namespace isoframe::model::parallel
