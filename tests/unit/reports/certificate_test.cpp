#include "reports/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
                 .warnings = {}}};
  made.ranks = {{.rank = 1,
                 .host = "node",
                 .memory_bytes_per_second = summary(1.5e10),
                 .flops_per_second = summary(6e10),
                 .corrupt_copies = 0}};
  made.links = {
      {.ranks = {0, 1}, .bytes_per_second = summary(2e9), .latency_seconds = summary(3e-5), .corrupt = 2}};
  return made;
}

TEST(Certificate, ForATerminalHasItsTablesReasonsAndVerdict) {
  EXPECT_EQ(certificate_text(certificate()),
            "case  layout  ranks  time s  deviating  failed\n"
            "a|b   cfg=2       2       -          1       0\n"
            "\n"
            "rank  host       memory GB/s  float32 GFLOP/s  wrong copies\n"
            "   1  node  15.0 (15.0-30.0)  60.0 (60.0-120)             0\n"
            "\n"
            "link               GB/s        latency us  wrong messages\n"
            "0 - 1  2.00 (2.00-4.00)  30.0 (30.0-60.0)               2\n"
            "\n"
            "- rank 1 <b>is</b> slow\n"
            "unfit: 3 repetitions of 1 case, 1234 fingerprints compared, interrupted\n");
}

TEST(Certificate, AsADocumentEscapesAndNamesTheMachine) {
  const std::string document = certificate_markdown(certificate());
  EXPECT_THAT(document, HasSubstr("# Qualification: unfit"));
  EXPECT_THAT(document, Not(HasSubstr("<b>")));
  EXPECT_THAT(document, HasSubstr("`isoframe qualify a|b.yaml`"));
  EXPECT_THAT(document, HasSubstr("some CPU"));
  EXPECT_THAT(document, HasSubstr("15.0 (15.0-30.0)"));
}

}  // namespace
}  // namespace isoframe::reports
