// A misspelt field of a record is a member that does not exist: it cannot compile, so there is no test of it.

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "reports/records/case_result.h"
#include "reports/records/certificate_record.h"
#include "reports/records/divergence.h"
#include "reports/records/history_record.h"
#include "reports/records/metrics.h"
#include "reports/records/published.h"
#include "reports/records/qualify_evidence.h"
#include "reports/records/rank.h"
#include "reports/records/run_record.h"
#include "reports/records/selftest_record.h"
#include "reports/records/stage_event.h"
#include "reports/records/visit.h"

namespace isoframe::reports::records {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename T>
concept IsNamed = requires {
  Names<T>::all;
};

/// Fills every field of a record, and of all that it holds, with values that differ from the defaults.
class Filler {
 public:
  explicit Filler(unsigned seed) : random_(seed) {}

  template <typename T>
  void fill(T& value) {
    if constexpr (IsRecord<T>) {
      const auto fill_field = [&](const auto& field) {
        if (field.range == Range::kVersion) return;  // there is one
        may_be_infinite_ = field.may_be_non_finite;
        fill(value.*field.member);
      };
      std::apply([&](const auto&... field) { (fill_field(field), ...); }, fields_of<T>());
    } else if constexpr (IsNamed<T>) {
      value = Names<T>::all[1 + random_() % (Names<T>::all.size() - 1)].first;
    } else if constexpr (IsOptional<T>::value) {
      fill(value.emplace());
    } else if constexpr (IsVariant<T>::value) {
      if (random_() % 2) {
        fill(value.template emplace<0>());
      } else {
        fill(value.template emplace<1>());
      }
    } else if constexpr (IsMap<T>::value) {
      for (const char* key : {"one", "two"}) fill(value[key]);
    } else if constexpr (std::is_same_v<T, json>) {
      value = {{"key", random_()}};
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = "text \xff \\xff " + std::to_string(random_());
    } else if constexpr (std::is_same_v<T, bool>) {
      value = true;
    } else if constexpr (std::is_floating_point_v<T>) {
      value = random_() % 8 || !may_be_infinite_ ? random_() / 1e3 : kInfinity;
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(1 + random_() % 1'000'000);
    } else {
      fill_sequence(value);
    }
  }

 private:
  template <typename T>
  void fill_sequence(std::vector<T>& value) {
    value.resize(2);
    for (T& item : value) fill(item);
  }
  template <typename T, std::size_t N>
  void fill_sequence(std::array<T, N>& value) {
    for (T& item : value) fill(item);
  }

  std::mt19937 random_;
  bool may_be_infinite_ = false;
};

template <typename Record>
void expect_every_key(const json& written) {
  const auto expect = [&](const auto& field) {
    EXPECT_TRUE(field.presence == Presence::kInline || written.contains(field.name)) << field.name;
  };
  std::apply([&](const auto&... field) { (expect(field), ...); }, fields_of<Record>());
}

template <typename Record>
void expect_round_trip(Record (*read)(const json&)) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Record record{};
    Filler(seed).fill(record);
    const json written = to_json(record);
    expect_every_key<Record>(written);
    EXPECT_EQ(to_json(read(json::parse(written.dump()))), written);
  }
}

TEST(Records, ComeBackFromJsonWithEveryFieldSet) {
  expect_round_trip<Quality>(quality_from_json);
  expect_round_trip<RankRecord>(rank_record_from_json);
  expect_round_trip<MachineRates>(machine_rates_from_json);
  expect_round_trip<FirstDivergence>(first_divergence_from_json);
  expect_round_trip<Environment>(environment_from_json);
  expect_round_trip<Failure>(failure_from_json);
  expect_round_trip<CaseResult>(case_result_from_json);
  expect_round_trip<PublishedFigures>(published_figures_from_json);
  expect_round_trip<RunRecord>(run_record_from_json);
  expect_round_trip<CaseRow>(case_row_from_json);
  expect_round_trip<SuiteRecord>(suite_record_from_json);
  expect_round_trip<Certificate>(certificate_from_json);
  expect_round_trip<ComparisonRecord>(comparison_from_json);
  expect_round_trip<Evidence>(evidence_from_json);
}

TEST(Records, ComeBackFromJsonAsListsToo) {
  std::vector<PredictedRank> ranks;
  Filler(1).fill(ranks);
  EXPECT_EQ(to_json(predicted_ranks_from_json(to_json(ranks))), to_json(ranks));
  StageEvents events;
  Filler(2).fill(events);
  EXPECT_EQ(to_json(stage_events_from_json(to_json(events))), to_json(events));
}

TEST(Records, ThatAreOnlyWrittenHaveEveryField) {
  HistoryRecord history;
  Filler(4).fill(history);
  expect_every_key<MeasureSeries>(to_json(history).at("one").at(0));
  SelftestRecord selftest;
  Filler(5).fill(selftest);
  expect_every_key<SelftestRecord>(to_json(selftest));
  expect_every_key<FaultRecord>(to_json(selftest).at("faults").at(0));
}

TEST(Records, AStageEventIsAListOfItsValues) {
  const StageEvents events = {{"denoise.step", 3, 100.5, 0.25, 10, 20, 0.125}};
  EXPECT_EQ(to_json(events).dump(), R"([["denoise.step",3,100.5,0.25,10,20,0.125]])");
  EXPECT_THROW(stage_events_from_json(json::parse(R"([["denoise.step",3]])")), InputError);
}

TEST(Records, WhatIsUnsetIsNullOrAbsentAndNeverZero) {
  const json row = to_json(CaseRow());
  for (const char* name : {"baseline", "seconds", "ssim", "psnr", "identical", "peak_tensor_bytes"})
    EXPECT_TRUE(row.at(name).is_null()) << name;
  for (const char* name :
       {"stages", "collectives", "tiles", "published", "first_divergence", "aa", "against"})
    EXPECT_FALSE(row.contains(name)) << name;
  CaseRow lacking;
  lacking.against.emplace();
  EXPECT_TRUE(to_json(lacking).at("against").is_null()) << "the earlier run lacks the case";
  EXPECT_TRUE(case_row_from_json(to_json(lacking)).against.has_value());
  EXPECT_FALSE(case_row_from_json(to_json(CaseRow())).against.has_value());
}

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  return "not refused";
}

TEST(Records, InfinityAndNaNHaveASpelling) {
  Quality quality;
  quality.psnr.mean = kInfinity;
  quality.psnr.min = -kInfinity;
  quality.psnr.per_frame = {kInfinity, std::nan(""), 1.5};
  const json written = to_json(quality);
  EXPECT_EQ(written.at("psnr").at("mean"), "inf");
  EXPECT_EQ(written.at("psnr").at("min"), "-inf");
  EXPECT_EQ(written.at("psnr").at("per_frame"), json({"inf", "nan", 1.5}));
  const Quality read = quality_from_json(written);
  EXPECT_EQ(read.psnr.mean, kInfinity);
  EXPECT_EQ(read.psnr.min, -kInfinity);
  EXPECT_TRUE(std::isnan(read.psnr.per_frame.at(1)));
  json earlier = written;
  earlier["psnr"]["per_frame"][1] = nullptr;
  EXPECT_TRUE(std::isnan(quality_from_json(earlier).psnr.per_frame.at(1))) << "as earlier versions wrote NaN";
}

TEST(Records, ANumberThatIsNotFiniteIsAnErrorWhereTheTableDoesNotAllowIt) {
  CaseRow row;
  row.ssim = std::nan("");
  EXPECT_EQ(to_json(row).at("ssim"), "nan") << "not null, which says that it was not measured";
  EXPECT_TRUE(std::isnan(case_row_from_json(to_json(row)).ssim.value()));
  for (const double number : {std::nan(""), kInfinity}) {
    row.seconds = number;
    EXPECT_THROW(to_json(row), std::logic_error);
  }
  RankRecord rank;
  rank.stages["text"] = {0.5, std::nan("")};
  EXPECT_THROW(to_json(rank), std::logic_error);
}

TEST(Records, ANumberOutsideOfItsRowsRangeIsAnErrorBothWays) {
  RankRecord rank;
  Filler(3).fill(rank);
  const json whole = to_json(rank);
  const auto refusal_of = [&](const json::json_pointer& place, const json& value) {
    json damaged = whole;
    damaged[place] = value;
    return refusal([&] { rank_record_from_json(damaged); });
  };
  EXPECT_EQ(refusal_of("/total_seconds"_json_pointer, 0.0), "'total_seconds' is 0, not above 0");
  EXPECT_EQ(refusal_of("/load_seconds"_json_pointer, -1.5), "'load_seconds' is -1.5, below 0");
  EXPECT_EQ(refusal_of("/stages/one/1"_json_pointer, -2.0), "'stages' is -2, below 0 for 'one'");
  EXPECT_EQ(refusal_of("/stages/one"_json_pointer, json::array()), "'stages' is empty");
  EXPECT_EQ(refusal_of("/stages"_json_pointer, json::object()), "'stages' is empty");
  EXPECT_EQ(refusal_of("/collectives/0/seconds"_json_pointer, -1), "'collectives[0].seconds' is -1, below 0");
  EXPECT_THAT(refusal_of("/collectives/0/bytes_sent"_json_pointer, -1),
              HasSubstr("bytes_sent' is out of range: -1"));
  EXPECT_EQ(refusal_of("/tiles/0/height"_json_pointer, 0), "'tiles[0].height' is 0, not above 0");
  rank.busy["one"] = -1.0;
  EXPECT_THROW(to_json(rank), std::logic_error);
  rank.busy.clear();
  rank.stages.clear();
  EXPECT_THROW(to_json(rank), std::logic_error);
}

TEST(Records, OfANewerIsoframeAreRefusedAsSuch) {
  json suite = to_json(SuiteRecord());
  suite["schema_version"] = 99;
  EXPECT_THAT(refusal([&] { suite_record_from_json(suite); }),
              HasSubstr("'schema_version' is 99: written by a newer isoframe than this one, which reads 1"));
  suite["schema_version"] = 0;
  EXPECT_THAT(refusal([&] { suite_record_from_json(suite); }), HasSubstr("is 0, which no isoframe writes"));
}

TEST(Records, PathsOfAnyBytesComeBack) {
  RunRecord run;
  run.scenarios = {"caf\xe9 x/s.yaml"};
  const json written = to_json(run);
  EXPECT_EQ(written.at("scenarios").at(0), "caf\\xe9 x/s.yaml");
  EXPECT_EQ(run_record_from_json(json::parse(written.dump())).scenarios, run.scenarios);
}

TEST(Records, AFirstDivergenceHasAPlaceOrNone) {
  FirstDivergence gone;
  gone.sentence = "it did not come again";
  gone.reproduced = false;
  EXPECT_EQ(to_json(gone), json({{"sentence", "it did not come again"},
                                 {"reproduced", false},
                                 {"behind", json::array()},
                                 {"not_grafted", ""}}));
  EXPECT_FALSE(first_divergence_from_json(to_json(gone)).found);
  gone.found.emplace().stage = "decode";
  EXPECT_EQ(to_json(gone).at("stage"), "decode");
  EXPECT_EQ(first_divergence_from_json(to_json(gone)).found->stage, "decode");
}

/// A result with one rank and one collective, as text that a test can damage.
json whole_result() {
  CaseResult result;
  Filler(5).fill(result);
  return to_json(result);
}

TEST(Records, WhatIsMissingOrWrongIsNamedByItsPath) {
  json lacking = whole_result();
  lacking["ranks"][1]["collectives"][0].erase("calls");
  EXPECT_THAT(refusal([&] { case_result_from_json(lacking); }),
              HasSubstr("'ranks[1].collectives[0].calls' is missing"));
  json wrong = whole_result();
  wrong["latency"]["total_seconds"][1] = "soon";
  EXPECT_THAT(refusal([&] { case_result_from_json(wrong); }),
              HasSubstr("'latency.total_seconds[1]' is not a number"));
  wrong["latency"]["total_seconds"][1] = "inf";
  EXPECT_THAT(refusal([&] { case_result_from_json(wrong); }),
              HasSubstr("'latency.total_seconds' is not a finite number"));
  json unknown = whole_result();
  unknown["verdict"] = "splendid";
  EXPECT_THAT(refusal([&] { case_result_from_json(unknown); }),
              HasSubstr("'verdict' is unknown: \"splendid\""));
  json large = whole_result();
  large["ranks"][0]["rank"] = 1LL << 40;
  EXPECT_THAT(refusal([&] { case_result_from_json(large); }), HasSubstr("'ranks[0].rank' is out of range"));
  EXPECT_THAT(refusal([] { case_result_from_json(json::array()); }),
              HasSubstr("the document is not an object"));
}

TEST(Records, OfTheFirstVersionStillRead) {
  // Neither busy times nor a yardstick, device, plan or live tensors were recorded.
  const json rank = {{"rank", 0},
                     {"load_seconds", 0.5},
                     {"total_seconds", 2.0},
                     {"communication_seconds", 0.0},
                     {"stages", {{"text", {0.25}}, {"denoise.step", {0.5, 0.75}}}},
                     {"peak_resident_bytes", 1024},
                     {"peak_proportional_bytes", nullptr},
                     {"peak_tensor_bytes", 512}};
  const RankRecord read = rank_record_from_json(rank);
  EXPECT_EQ(read.stages.at("denoise.step"), (std::vector{0.5, 0.75}));
  EXPECT_FALSE(read.peak_proportional_bytes);
  EXPECT_TRUE(read.busy.empty());
  EXPECT_FALSE(read.yardstick);

  const json result = {
      {"schema_version", 1},
      {"name", "a"},
      {"task", "t2v"},
      {"layout", "single"},
      {"world_size", 1},
      {"baseline", nullptr},
      {"case", {{"name", "a"}}},
      {"status", "ok"},
      {"latency", {{"total_seconds", {2.0}}, {"load_seconds", {0.5}}, {"stages", {{"text", {0.25}}}}}},
      {"ranks", {{{"rank", 0}, {"stages", {{"text", {0.25}}}}, {"peak_tensor_bytes", 512}}}},
      {"a key of another version", 1}};
  const CaseResult old = case_result_from_json(result);
  EXPECT_EQ(old.peak_tensor_bytes(), 512u);
  EXPECT_EQ(seconds_of(old.latency.stages, "text"), std::vector{0.25});
  EXPECT_TRUE(old.is_measured());
}

}  // namespace
}  // namespace isoframe::reports::records
