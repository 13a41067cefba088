#include "harness/launch/variables.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::launch {
namespace {

TEST(Variables, ThatChangeBitsOrSpeedAreRecorded) {
  for (const char* name :
       {"ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS",
        "OMP_WAIT_POLICY", "NCCL_ALGO", "CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "LD_PRELOAD"})
    EXPECT_EQ(influence_of(name), Influence::kRecorded) << name;
}

TEST(Variables, ThatBreakIdentityAreNotGivenToRanks) {
  for (const char* name : {"MKL_CBWR", "GOMP_CPU_AFFINITY", "OMP_PROC_BIND", "OMP_PLACES", "OMP_DYNAMIC"})
    EXPECT_EQ(influence_of(name), Influence::kBreaking) << name;
}

TEST(Variables, ThatRanksDoNotFeelAreNone) {
  for (const char* name : {"HOME", "PATH", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "MY_OMP_FLAG", "OMP"})
    EXPECT_EQ(influence_of(name), Influence::kNone) << name;
}

TEST(Variables, OfThisProcessAreFound) {
  ::setenv("DNNL_MAX_CPU_ISA", "AVX2=x", 1);
  ::setenv("MKL_CBWR", "COMPATIBLE", 1);
  const Variables found = influential_variables();
  ::unsetenv("DNNL_MAX_CPU_ISA");
  ::unsetenv("MKL_CBWR");
  EXPECT_EQ(found.recorded.at("DNNL_MAX_CPU_ISA"), "AVX2=x");
  EXPECT_FALSE(found.recorded.contains("MKL_CBWR"));
  EXPECT_THAT(found.cleared, testing::Contains("MKL_CBWR"));
  EXPECT_FALSE(influential_variables().recorded.contains("DNNL_MAX_CPU_ISA"));
}

}  // namespace
}  // namespace isoframe::harness::launch
