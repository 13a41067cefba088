#include "reports/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace isoframe::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

metrics::Summary summary(double value) {
  return {.count = 3, .min = value, .median = value, .max = 2 * value};
}

records::Certificate certificate() {
  records::Certificate made;
  made.verdict = records::Fitness::kUnfit;
  made.reasons = {"rank 1 <b>is</b> slow"};
  made.repetitions = 3;
  made.undisturbed = 1;
  made.seconds = 100;
  made.duration_seconds = 14400;
  made.interrupted = true;
  made.fingerprints = 1234;
  made.started = "2026-01-02T03:04:05Z";
  made.finished = "2026-01-02T03:14:05Z";
  made.command = "isoframe qualify a|b.yaml";
  made.environment.cpu = "some CPU";
  made.cases = {{.name = "a|b",
                 .layout = "cfg=2",
                 .ranks = 2,
                 .seconds = {},
                 .deviations = {{}},
                 .errors = {},
                 .deviating_repetitions = 70,
                 .failed_rounds = 20,
                 .warnings = {}}};
  made.ranks = {{.rank = 1,
                 .host = "node",
                 .memory_bytes_per_second = summary(1.5e10),
                 .flops_per_second = summary(6e10),
                 .corrupt_copies = 0}};
  made.links = {
      {.ranks = {0, 1}, .bytes_per_second = summary(2e9), .latency_seconds = summary(3e-5), .corrupt = 2}};
  made.hosts = {{.host = "node",
                 .readings = 6,
                 .disturbed = 4,
                 .others_share = summary(0.25),
                 .steal_share = summary(0.01),
                 .throttled_share = {},
                 .thermal_throttles = 7,
                 .quota_throttles = {}}};
  return made;
}

TEST(Certificate, ForATerminalHasItsTablesReasonsAndVerdict) {
  EXPECT_EQ(certificate_text(certificate()),
            "case  layout  ranks  time s  deviating  failed\n"
            "a|b   cfg=2       2       -         70      20\n"
            "\n"
            "rank  host       memory GB/s  float32 GFLOP/s  wrong copies\n"
            "   1  node  15.0 (15.0-30.0)  60.0 (60.0-120)             0\n"
            "\n"
            "link               GB/s        latency us  wrong messages\n"
            "0 - 1  2.00 (2.00-4.00)  30.0 (30.0-60.0)               2\n"
            "\n"
            "host  disturbed         by others       by steal  by quota  slowed by heat\n"
            "node     4 of 6  25 % (25 %-50 %)  1 % (1 %-2 %)         -               7\n"
            "\n"
            "- rank 1 <b>is</b> slow\n"
            "unfit: 3 repetitions of 1 case, 2 disturbed, 1234 fingerprints compared, interrupted\n");
}

TEST(Certificate, AsADocumentEscapesAndNamesTheMachine) {
  const std::string document = certificate_markdown(certificate());
  EXPECT_THAT(document, HasSubstr("# Qualification: unfit"));
  EXPECT_THAT(document, Not(HasSubstr("<b>")));
  EXPECT_THAT(document, HasSubstr("`isoframe qualify a|b.yaml`"));
  EXPECT_THAT(document, HasSubstr("some CPU"));
  EXPECT_THAT(document, HasSubstr("15.0 (15.0-30.0)"));
  EXPECT_THAT(document, HasSubstr("25 % (25 %-50 %)"));
  EXPECT_THAT(document, HasSubstr("From 2026-01-02T03:04:05Z to 2026-01-02T03:14:05Z, by"));
}

TEST(Certificate, UntilItsEndItSaysHowFarItIs) {
  records::Certificate unfinished = certificate();
  unfinished.finished.clear();
  EXPECT_THAT(certificate_markdown(unfinished),
              HasSubstr("Begun 2026-01-02T03:04:05Z, 1 min 40 s of 4 h so far, by"));
  EXPECT_FALSE(records::to_json(unfinished).contains("finished"));
}

}  // namespace
}  // namespace isoframe::reports
