#include "harness/launch/local.h"

#include "harness/launch/rank_group.h"

namespace isoframe::harness::launch {

LocalResult run_local(const LocalJob& job) { return RankGroup(job).wait(job); }

}  // namespace isoframe::harness::launch
