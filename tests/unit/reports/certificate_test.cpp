#include "reports/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace isoframe::reports {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json summary(double value) { return {{"count", 3}, {"min", value}, {"median", value}, {"max", 2 * value}}; }

json certificate() {
  return {{"verdict", "unfit"},
          {"reasons", {"rank 1 <b>is</b> slow"}},
          {"repetitions", 3},
          {"interrupted", true},
          {"fingerprints", 1234},
          {"started", "2026-01-02T03:04:05Z"},
          {"finished", "2026-01-02T03:14:05Z"},
          {"command", "isoframe qualify a|b.yaml"},
          {"environment", {{"cpu", "some CPU"}}},
          {"cases",
           {{{"name", "a|b"},
             {"layout", "cfg=2"},
             {"ranks", 2},
             {"seconds", nullptr},
             {"deviations", {json::object()}},
             {"errors", json::array()}}}},
          {"ranks",
           {{{"rank", 1},
             {"host", "node"},
             {"memory_bytes_per_second", summary(1.5e10)},
             {"flops_per_second", summary(6e10)},
             {"corrupt_copies", 0}}}},
          {"links",
           {{{"ranks", {0, 1}},
             {"bytes_per_second", summary(2e9)},
             {"latency_seconds", summary(3e-5)},
             {"corrupt", 2}}}}};
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
