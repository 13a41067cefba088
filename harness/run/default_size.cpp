#include "harness/run/default_size.h"

#include "model/checkpoint/checkpoint.h"
#include "model/pipeline/size_buckets.h"
#include "model/pipeline/text_to_video.h"

namespace isoframe::harness::run {

void set_default_size(scenario::Case& value) {
  const model::pipeline::Limits limits =
      model::pipeline::read_limits(model::checkpoint::Checkpoint(value.checkpoint));
  const model::pipeline::Size size =
      model::pipeline::nearest_bucket(9, 16, limits.target_size, limits.spatial_compression);
  value.height = size.height;
  value.width = size.width;
}

}  // namespace isoframe::harness::run
