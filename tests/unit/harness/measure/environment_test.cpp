#include "harness/measure/environment.h"

#include <sched.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace isoframe::harness::measure {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Environment, SaysWhatTheResultSchemaAsksFor) {
  const nlohmann::json found = reports::records::to_json(environment());
  for (const char* key : {"cpu", "os", "kernel", "libtorch", "compiler", "build_type"}) {
    ASSERT_TRUE(found.at(key).is_string()) << key;
    EXPECT_THAT(found.at(key).get<std::string>(), Not(HasSubstr("\""))) << key;
    EXPECT_FALSE(found.at(key).get<std::string>().empty()) << key;
  }
  EXPECT_TRUE(found.at("isa").is_array());
  EXPECT_GT(found.at("memory_bytes").get<double>(), 1e8);
  EXPECT_EQ(found.at("load_average").size(), 3u);
  EXPECT_TRUE(found.at("isoframe").at("version").is_string());
  EXPECT_TRUE(found.at("isoframe").at("commit").is_string());
  EXPECT_THAT(found.at("kernel").get<std::string>(), HasSubstr("Linux"));
}

TEST(ProcessorName, IsTheModelOrTheMakerAndPartWhereThereIsNone) {
  EXPECT_EQ(processor_name("processor\t: 0\ncpu family\t: 6\nmodel name\t: Intel(R) Xeon(R)\n", "x86_64"),
            "Intel(R) Xeon(R)");
  const std::string graviton =
      "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd40\n";
  EXPECT_EQ(processor_name(graviton, "aarch64"), "aarch64, implementer 0x41, part 0xd40");
  EXPECT_EQ(processor_name("processor\t: 0\ncpu\t\t: POWER9, altivec supported\n", "ppc64le"),
            "POWER9, altivec supported");
  EXPECT_EQ(processor_name("processor\t: 0\nhart\t: 2\nuarch\t: sifive,u74-mc\n", "riscv64"),
            "sifive,u74-mc");
  EXPECT_EQ(processor_name("", "s390x"), "s390x") << "never empty: two unknown machines would be alike";
}

TEST(Environment, CountsTheCoresThatWeMayRunOn) {
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(environment().cores, 1);
  ::sched_setaffinity(0, sizeof(before), &before);
  EXPECT_EQ(environment().cores, CPU_COUNT(&before));
}

}  // namespace
}  // namespace isoframe::harness::measure
