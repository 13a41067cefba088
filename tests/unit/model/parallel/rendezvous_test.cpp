#include <chrono>
#include <filesystem>
#include <signal.h>
#include <stdlib.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/error.h"
#include "model/parallel/gloo_rendezvous.h"

namespace isoframe::model::parallel {
namespace {

using ::testing::HasSubstr;

class RankFromEnvironment : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS", "OMPI_COMM_WORLD_RANK",
                             "OMPI_COMM_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}) {
      unsetenv(name);
    }
  }
  void TearDown() override { SetUp(); }

  static std::string error() {
    try {
      rank_from_environment();
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }
};

TEST_F(RankFromEnvironment, IsReadFromAnyLauncherAndTorchrunsComeFirst) {
  setenv("OMPI_COMM_WORLD_RANK", "1", 1);
  setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
  EXPECT_EQ(rank_from_environment().world_size, 2);
  setenv("SLURM_PROCID", "2", 1);
  setenv("SLURM_NTASKS", "3", 1);
  EXPECT_EQ(rank_from_environment().world_size, 3);
  setenv("RANK", "3", 1);
  setenv("WORLD_SIZE", "4", 1);
  EXPECT_EQ(rank_from_environment().world_size, 4);
  EXPECT_EQ(rank_from_environment().rank, 3);
}

TEST_F(RankFromEnvironment, MissingOrSenselessValuesAreRefused) {
  EXPECT_THAT(error(), HasSubstr("start ranks by 'isoframe run', torchrun, srun or mpirun"));
  setenv("RANK", "2", 1);
  EXPECT_THAT(error(), HasSubstr("RANK is set but WORLD_SIZE is not"));
  setenv("WORLD_SIZE", "2", 1);
  EXPECT_THAT(error(), HasSubstr("RANK='2' is not an integer from 0 to 1"));
  setenv("WORLD_SIZE", "many", 1);
  EXPECT_THAT(error(), HasSubstr("WORLD_SIZE='many'"));
}

TEST_F(RankFromEnvironment, RanksOfSeveralMachinesNeedAnAddress) {
  setenv("RANK", "0", 1);
  setenv("WORLD_SIZE", "2", 1);
  try {
    rendezvous_from_environment(std::nullopt, std::chrono::seconds(1));
    FAIL() << "met nowhere";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("MASTER_ADDR is not set"));
  }
}

TEST_F(RankFromEnvironment, RanksOfOneMachineMeetThroughAFile) {
  setenv("RANK", "0", 1);
  setenv("WORLD_SIZE", "1", 1);
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "rendezvous";
  EXPECT_THROW(rendezvous_from_environment(folder / "missing" / "store", std::chrono::seconds(1)),
               InputError);
  std::filesystem::create_directories(folder);
  const auto rendezvous = rendezvous_from_environment(folder / "store", std::chrono::seconds(1));
  EXPECT_EQ(rendezvous->world_size(), 1);
  EXPECT_EQ(rendezvous->group("world", {0})->size(), 1);
}

TEST_F(RankFromEnvironment, KilledProcessIsToldToItsPeerWellBeforeTheTimeout) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / std::to_string(getpid());
  std::filesystem::create_directories(folder);
  constexpr auto kTimeout = std::chrono::minutes(5);
  setenv("WORLD_SIZE", "2", 1);
  const auto meet = [&](const char* rank) {
    setenv("RANK", rank, 1);
    return rendezvous_from_environment(folder / "store", kTimeout)->group("ulysses", {0, 1});
  };
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::shared_ptr<Group> group = meet("1");
    group->barrier();
    kill(getpid(), SIGKILL);
  }
  const auto start = std::chrono::steady_clock::now();
  std::string told;
  try {
    const std::shared_ptr<Group> group = meet("0");
    group->barrier();
    at::Tensor never = at::empty({1 << 16});
    group->broadcast(never, 1);
  } catch (const RunError& error) {
    told = error.what();
  }
  waitpid(child, nullptr, 0);
  std::filesystem::remove_all(folder);
  EXPECT_THAT(told, HasSubstr("rank 0: broadcast in group 'ulysses' failed: lost a peer"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, kTimeout);
}

}  // namespace
}  // namespace isoframe::model::parallel
