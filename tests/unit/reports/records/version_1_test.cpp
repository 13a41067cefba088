// What a run of schema version 1 has left must still read, all of it: version_1/ holds files of such runs.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/records/case_result.h"
#include "reports/records/certificate_record.h"
#include "reports/records/divergence.h"
#include "reports/records/metrics.h"
#include "reports/records/rank.h"
#include "reports/records/round_record.h"
#include "reports/records/run_record.h"

namespace isoframe::reports::records {
namespace {

using nlohmann::json;

/// Names what of `expected` is not in `actual`, which may have more keys.
void list_lost(const json& expected, const json& actual, const std::string& path,
               std::vector<std::string>& lost) {
  if (expected.is_object() && actual.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      if (!actual.contains(key)) {
        lost.push_back(path + "/" + key);
      } else {
        list_lost(value, actual.at(key), path + "/" + key, lost);
      }
    }
  } else if (expected.is_array() && actual.is_array() && expected.size() == actual.size()) {
    for (std::size_t i = 0; i < expected.size(); ++i)
      list_lost(expected[i], actual[i], path + "/" + std::to_string(i), lost);
  } else if (expected != actual) {
    lost.push_back(path + ": " + expected.dump() + " became " + actual.dump());
  }
}

template <typename Record>
void expect_all_read(const std::string& name, Record (*from_json)(const json&)) {
  SCOPED_TRACE(name);
  const auto file = std::filesystem::path(__FILE__).parent_path() / "version_1" / name;
  const json written = json::parse(std::ifstream(file));
  std::vector<std::string> lost;
  list_lost(written, to_json(from_json(written)), "", lost);
  EXPECT_THAT(lost, testing::IsEmpty());
}

TEST(VersionOne, RunsReadWithAllThatTheySay) {
  expect_all_read("suite.json", suite_record_from_json);
  expect_all_read("run.json", run_record_from_json);
}

TEST(VersionOne, ResultsReadWithAllThatTheySay) {
  for (const char* name : {"tiled", "split", "ring", "lost"})
    expect_all_read(std::string(name) + "-result.json", case_result_from_json);
}

TEST(VersionOne, WhatRoundsLeftReadsWithAllThatItSays) {
  expect_all_read("rank.json", rank_record_from_json);
  expect_all_read("done.json", round_record_from_json);
  expect_all_read("error.json", failure_from_json);
  expect_all_read("repeat.json", quality_from_json);
  expect_all_read("prediction.json", predicted_ranks_from_json);
  expect_all_read("first_divergence.json", first_divergence_from_json);
}

TEST(VersionOne, CertificatesReadWithAllThatTheySay) {
  expect_all_read("certificate.json", certificate_from_json);
}

}  // namespace
}  // namespace isoframe::reports::records
