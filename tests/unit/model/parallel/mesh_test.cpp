#include "model/parallel/mesh.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/parallel/in_process.h"

namespace isoframe::model::parallel {
namespace {

using Ranks = std::vector<std::vector<int>>;

TEST(Mesh, UlyssesVariesFasterThanCfg) {
  const Layout layout = {.ulysses = 2, .cfg = 2};
  EXPECT_EQ(group_ranks(layout, "ulysses"), (Ranks{{0, 1}, {2, 3}}));
  EXPECT_EQ(group_ranks(layout, "cfg"), (Ranks{{0, 2}, {1, 3}}));
}

TEST(Mesh, TensorVariesFastestThenUlyssesThenRing) {
  const Layout layout = {.ulysses = 2, .ring = 2, .cfg = 2, .tensor = 2};
  EXPECT_EQ(group_ranks(layout, "tensor").at(1), (std::vector<int>{2, 3}));
  EXPECT_EQ(group_ranks(layout, "ulysses").at(1), (std::vector<int>{1, 3}));
  EXPECT_EQ(group_ranks(layout, "ring").at(1), (std::vector<int>{1, 5}));
  EXPECT_EQ(group_ranks(layout, "cfg").at(7), (std::vector<int>{7, 15}));
}

TEST(Mesh, EveryRankIsInExactlyOneGroupOfEachDimension) {
  const Layout layout = {.ulysses = 3, .ring = 2, .cfg = 2, .tensor = 2};
  for (const char* name : {"tensor", "ulysses", "ring", "cfg"}) {
    std::multiset<int> seen;
    for (const std::vector<int>& group : group_ranks(layout, name)) seen.insert(group.begin(), group.end());
    ASSERT_EQ(seen.size(), 24U) << name;
    for (int rank = 0; rank < 24; ++rank) EXPECT_EQ(seen.count(rank), 1U) << name << " " << rank;
  }
}

TEST(Mesh, VaePatchIsTheFirstRanksOfTheWorld) {
  EXPECT_EQ(group_ranks({.ulysses = 2, .cfg = 2, .vae_patch = 3}, "vae_patch"), (Ranks{{0, 1, 2}}));
}

TEST(Mesh, RanksOutsideTheVaePatchGroupHaveNone) {
  run_in_threads(4, [](Rendezvous& rendezvous) {
    const Mesh mesh = make_mesh({.ulysses = 2, .cfg = 2, .vae_patch = 3}, rendezvous);
    EXPECT_EQ(mesh.vae_patch == nullptr, rendezvous.rank() == 3);
    EXPECT_EQ(mesh.ulysses->rank(), rendezvous.rank() % 2);
    EXPECT_EQ(mesh.cfg->rank(), rendezvous.rank() / 2);
    EXPECT_EQ(mesh.groups().size(), rendezvous.rank() == 3 ? 3U : 4U);
    mesh.world->barrier();
  });
}

TEST(Mesh, GroupsOfOneAreLeftOutOfTheTrafficList) {
  EXPECT_TRUE(single_mesh().groups().empty());
  run_in_threads(2, [](Rendezvous& rendezvous) {
    const Mesh mesh = make_mesh({.cfg = 2}, rendezvous);
    EXPECT_EQ(mesh.ulysses->size(), 1);
    ASSERT_EQ(mesh.groups().size(), 2U);
    EXPECT_EQ(mesh.groups().at(1)->name(), "cfg");
    mesh.world->barrier();
  });
}

TEST(Mesh, WorldOfAnotherSizeIsRefused) {
  EXPECT_THROW(run_in_threads(1, [](Rendezvous& rendezvous) { make_mesh({.ulysses = 2}, rendezvous); }),
               InputError);
}

}  // namespace
}  // namespace isoframe::model::parallel
