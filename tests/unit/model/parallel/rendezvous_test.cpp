#include <chrono>
#include <filesystem>
#include <functional>
#include <signal.h>
#include <stdlib.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "base/error.h"
#include "model/parallel/gloo_rendezvous.h"
#include "model/parallel/rank_of_world.h"

namespace isoframe::model::parallel {
namespace {

using ::testing::HasSubstr;

class RankFromEnvironment : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS", "OMPI_COMM_WORLD_RANK",
          "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
          "PMIX_NAMESPACE", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS", "MASTER_ADDR",
          "MASTER_PORT", "GLOO_SOCKET_IFNAME"}) {
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

TEST_F(RankFromEnvironment, HydrasNumberIsNearerThanThatOfTheSlurmStepAroundIt) {
  setenv("SLURM_PROCID", "0", 1);
  setenv("SLURM_NTASKS", "3", 1);
  setenv("PMI_RANK", "2", 1);
  setenv("PMI_SIZE", "4", 1);
  // srun itself sets these two where it serves PMI.
  EXPECT_EQ(rank_from_environment().world_size, 3);
  setenv("MPI_LOCALRANKID", "1", 1);
  setenv("MPI_LOCALNRANKS", "2", 1);
  const RankOfWorld self = rank_from_environment();
  EXPECT_EQ(self.world_size, 4);
  EXPECT_EQ(self.rank, 2);
  EXPECT_EQ(self.local_rank, 1);
  EXPECT_FALSE(self.one_machine);
  setenv("MPI_LOCALNRANKS", "4", 1);
  EXPECT_TRUE(rank_from_environment().one_machine);
}

TEST_F(RankFromEnvironment, IsReadFromAnyLauncherAndTorchrunsComeFirst) {
  setenv("SLURM_PROCID", "2", 1);
  setenv("SLURM_NTASKS", "3", 1);
  EXPECT_EQ(rank_from_environment().world_size, 3);
  // Ranks that mpirun starts inside a Slurm job see the variables of both.
  setenv("OMPI_COMM_WORLD_RANK", "1", 1);
  setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
  EXPECT_EQ(rank_from_environment().world_size, 2);
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
    rendezvous_from_environment({.folder = ::testing::TempDir()});
    FAIL() << "met nowhere";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("MASTER_ADDR is not set"));
  }
}

TEST_F(RankFromEnvironment, RanksOfOneMachineMeetThroughAFile) {
  setenv("RANK", "0", 1);
  setenv("WORLD_SIZE", "1", 1);
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "rendezvous";
  EXPECT_THROW(rendezvous_from_environment({.store = folder / "missing" / "store"}), InputError);
  std::filesystem::create_directories(folder);
  const auto rendezvous = rendezvous_from_environment({.store = folder / "store"});
  EXPECT_EQ(rendezvous->world_size(), 1);
  EXPECT_EQ(rendezvous->group("world", {0})->size(), 1);
}

TEST(GlooRendezvous, KeepsTheGroupsThatHaveMet) {
  const c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < 2; ++rank) {
    threads.emplace_back([&store, rank] {
      GlooRendezvous rendezvous(
          store, rank, 2,
          {.timeout = std::chrono::minutes(1), .patience = std::chrono::seconds(30), .interface = "lo"});
      const std::shared_ptr<Group> world = rendezvous.group("world", {0, 1});
      EXPECT_NE(rendezvous.group("ulysses", {0, 1}), world);
      EXPECT_EQ(rendezvous.group("world", {0, 1}), world);
      world->barrier();
    });
  }
}

TEST(GlooRendezvous, HandsOnWhatRankZeroGetsAndMeetsAgain) {
  const c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < 3; ++rank) {
    threads.emplace_back([&store, rank] {
      GlooRendezvous first(
          store, rank, 3,
          {.timeout = std::chrono::minutes(1), .patience = std::chrono::seconds(30), .interface = "lo"});
      // Facts of one name are agreed on once; what a next meeting agrees on is its own.
      first.agree("case", {{"steps", "2"}});
      const auto ask = [rank](const char* text) {
        EXPECT_EQ(rank, 0) << "only rank 0 is asked by the harness";
        return std::string(text);
      };
      EXPECT_EQ(first.hand_on("0", [&] { return ask("one"); }), "one");
      EXPECT_EQ(first.hand_on("1", [&] { return ask("two"); }), "two");
      const auto second = first.again("2", {.patience = std::chrono::seconds(30)});
      second->agree("case", {{"steps", "3"}});
      const std::shared_ptr<Group> world = second->group("world", {0, 1, 2});
      EXPECT_NE(world, first.group("world", {0, 1, 2}));
      world->barrier();
      EXPECT_EQ(second->hand_on("3", [&] { return ask("three"); }), "three");
    });
  }
}

TEST_F(RankFromEnvironment, WhoWaitsForARankZeroThatHasEndedGetsNothing) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / ("ended" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
  setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "2", 1);
  setenv("PMIX_NAMESPACE", "78", 1);
  const auto meet = [&](const char* rank) {
    setenv("OMPI_COMM_WORLD_RANK", rank, 1);
    auto rendezvous = rendezvous_from_environment({.folder = folder});
    rendezvous->agree("case", {{"steps", "2"}});
    return rendezvous;
  };
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto rendezvous = meet("0");
    rendezvous->hand_on("0", [] {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      _exit(0);
      return std::string();
    });
  }
  const auto rendezvous = meet("1");
  EXPECT_EQ(rendezvous->hand_on("0", [] { return std::string("not asked"); }), "");
  waitpid(child, nullptr, 0);
  std::filesystem::remove_all(folder);
}

TEST_F(RankFromEnvironment, KilledProcessIsToldToItsPeerWellBeforeTheTimeout) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / std::to_string(getpid());
  std::filesystem::create_directories(folder);
  constexpr auto kTimeout = std::chrono::minutes(5);
  setenv("WORLD_SIZE", "2", 1);
  const auto meet = [&](const char* rank) {
    setenv("RANK", rank, 1);
    return rendezvous_from_environment({.store = folder / "store", .timeout = kTimeout})
        ->group("ulysses", {0, 1});
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

/// Makes two ranks on a store in memory, with little patience and a long timeout.
void run_pair(const std::function<void(Group&)>& first, const std::function<void(Group&)>& second) {
  const c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < 2; ++rank) {
    threads.emplace_back([&, rank] {
      GlooRendezvous rendezvous(
          store, rank, 2,
          {.timeout = std::chrono::minutes(5), .patience = std::chrono::seconds(1), .interface = "lo"});
      const std::shared_ptr<Group> group = rendezvous.group("world", {0, 1});
      (rank == 0 ? first : second)(*group);
    });
  }
}

TEST(GlooRendezvous, CollectivesMayTakeLongerThanTheMeeting) {
  setenv("TORCH_FR_BUFFER_SIZE", "0", 0);
  at::Tensor arrived = at::zeros({4});
  run_pair(
      [&](Group& group) {
        group.receive(arrived, 1, 0);
        group.barrier();
      },
      [](Group& group) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2500));
        group.send(at::ones({4}), 0, 0);
        std::this_thread::sleep_for(std::chrono::milliseconds(2500));
        group.barrier();
      });
  EXPECT_EQ(arrived.sum().item<float>(), 4);
}

TEST_F(RankFromEnvironment, RanksOfALaunchMeetAtTheAddressThatRankZeroLeaves) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / ("launch" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
  setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "2", 1);
  setenv("PMIX_NAMESPACE", "77", 1);
  const auto meet = [&](const char* rank) {
    setenv("OMPI_COMM_WORLD_RANK", rank, 1);
    const auto rendezvous = rendezvous_from_environment({.folder = folder});
    rendezvous->agree("case", {{"steps", "2"}});
    rendezvous->group("world", {0, 1})->barrier();
  };
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    meet("1");
    _exit(0);
  }
  meet("0");
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(std::filesystem::exists(folder / "rank-0-address-77.json"));
  std::filesystem::remove_all(folder);
}

TEST_F(RankFromEnvironment, AnInterfaceThatIsNotThereIsRefusedWithThoseThatAre) {
  setenv("RANK", "0", 1);
  setenv("WORLD_SIZE", "1", 1);
  setenv("MASTER_ADDR", "127.0.0.1", 1);
  setenv("MASTER_PORT", "29417", 1);
  setenv("GLOO_SOCKET_IFNAME", "nic7", 1);
  try {
    rendezvous_from_environment({});
    FAIL() << "met over nothing";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("GLOO_SOCKET_IFNAME='nic7'"));
    EXPECT_THAT(error.what(), HasSubstr("it has lo"));
  }
}

}  // namespace
}  // namespace isoframe::model::parallel
