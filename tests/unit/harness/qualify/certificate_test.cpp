#include "harness/qualify/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::qualify {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kRate = 1e10;

json rates(int ranks) {
  json all = json::array();
  for (int rank = 0; rank < ranks; ++rank) {
    json links = json::array();
    for (int peer = 0; peer < ranks; ++peer)
      if (peer != rank)
        links.push_back(
            {{"peer", peer}, {"bytes_per_second", kRate}, {"latency_seconds", 1e-5}, {"intact", true}});
    all.push_back({{"host", "here"},
                   {"memory", {{"bytes_per_second", kRate}, {"intact", true}}},
                   {"compute", {{"flops_per_second", kRate}, {"result", "00ff"}}},
                   {"links", links}});
  }
  return all;
}

Evidence sound(int repetitions = 3) {
  Evidence evidence;
  evidence.repetitions = repetitions;
  evidence.cases = {{"case", "ulysses=3", 3, std::vector<double>(repetitions, 1.0)}};
  evidence.rates.assign(repetitions, rates(3));
  return evidence;
}

std::vector<std::string> reasons(const Evidence& evidence) {
  const json certificate = certify(evidence);
  EXPECT_EQ(certificate.at("verdict"), "unfit");
  return certificate.at("reasons");
}

TEST(Certificate, ASoundMachineIsFit) {
  const json certificate = certify(sound());
  EXPECT_EQ(certificate.at("verdict"), "fit");
  EXPECT_THAT(certificate.at("reasons"), IsEmpty());
  EXPECT_EQ(certificate.at("links").size(), 3U);
  EXPECT_EQ(certificate.at("links")[1].at("ranks"), json({0, 2}));
  EXPECT_EQ(certificate.at("ranks")[2].at("memory_bytes_per_second").at("median"), kRate);
  EXPECT_EQ(certificate.at("cases")[0].at("seconds").at("count"), 3);
}

TEST(Certificate, WithoutAMajorityItIsUnfinishedUnlessAFaultWasSeen) {
  Evidence evidence = sound(2);
  evidence.interrupted = true;
  EXPECT_EQ(certify(evidence).at("verdict"), "unfinished");
  evidence.cases[0].errors.push_back({{"repetition", 1}, {"message", "rank 2 was killed"}});
  EXPECT_THAT(reasons(evidence), ElementsAre("case, repetition 2: rank 2 was killed"));
}

TEST(Certificate, ADeviationIsNamedOnceHoweverOften) {
  Evidence evidence = sound();
  for (const int repetition : {0, 2})
    evidence.deviations.push_back({"case", repetition, {"denoise 1", "tokens", 4, 0}, {1}, 12, 1e-6});
  EXPECT_THAT(reasons(evidence),
              ElementsAre("rank 1 of case computed otherwise than most in 2 of 3 repetitions, first "
                          "at denoise 1/tokens 4 (relative L2 1.0e-06)"));
  EXPECT_EQ(certify(evidence).at("cases")[0].at("deviations").size(), 2U);
}

TEST(Certificate, RunsThatDoNotRepeatMakeItUnfit) {
  Evidence evidence = sound();
  evidence.undecided = {{{"decode", "frames", -1, 0}, 3, 3}};
  EXPECT_THAT(reasons(evidence),
              ElementsAre(HasSubstr("runs do not repeat: 3 results in 3 runs at decode/frames")));
}

TEST(Certificate, ASlowRankIsNamedByItsBest) {
  Evidence evidence = sound();
  evidence.rates[0][0]["memory"]["bytes_per_second"] = 0.1 * kRate;  // once, by another load
  for (json& repetition : evidence.rates) repetition[1]["compute"]["flops_per_second"] = 0.7 * kRate;
  EXPECT_THAT(reasons(evidence), ElementsAre("rank 1 (here) computes at 70 % of the fastest, at best"));
}

TEST(Certificate, AWrongProductAndAWrongCopyNameTheirRank) {
  Evidence evidence = sound();
  evidence.rates[1][2]["compute"]["result"] = "ff00";
  evidence.rates[2][0]["memory"]["intact"] = false;
  EXPECT_THAT(reasons(evidence),
              ElementsAre("rank 0 (here) copied memory wrongly, once",
                          "rank 2 (here) computed a fixed product otherwise than most, once"));
}

TEST(Certificate, ALinkIsHeldAgainstLinksOfItsKind) {
  Evidence evidence = sound();
  for (json& repetition : evidence.rates) {
    repetition[2]["host"] = "there";  // links 0-2 and 1-2 cross the network
    for (json& link : repetition[0]["links"])
      if (link.at("peer") == 2) link["bytes_per_second"] = 0.1 * kRate;
    for (json& link : repetition[1]["links"])
      if (link.at("peer") == 2) link["bytes_per_second"] = 0.04 * kRate;
  }
  evidence.rates[1][1]["links"][0]["intact"] = false;
  EXPECT_THAT(reasons(evidence),
              ElementsAre("the link of ranks 0 and 1 delivered other bytes than were sent, once",
                          "the link of ranks 1 and 2 moves bytes at 40 % of the fastest, at best"));
}

TEST(Certificate, AMachineThatSlowsDownIsUnfit) {
  Evidence evidence = sound(9);
  evidence.cases[0].seconds = {1.0, 1.0, 1.0, 1.1, 1.1, 1.1, 1.2, 1.2, 1.2};
  EXPECT_THAT(reasons(evidence), ElementsAre(HasSubstr("took 1.20x the time of the first")));
}

}  // namespace
}  // namespace isoframe::harness::qualify
