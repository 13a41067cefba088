#include "model/sampling/guidance.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::model::sampling {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const std::vector<std::int64_t> kShape = {1, 3, 2, 5, 7};

at::Tensor prediction(Branch branch) {
  return (at::arange(210, at::kFloat).view(kShape) * (branch == Branch::kConditional ? 0.37F : -0.11F)).sin();
}

/// A group of two whose other rank's prediction is known beforehand.
class FakeGroup : public parallel::Group {
 public:
  FakeGroup(int rank, int size) : rank_(rank), size_(size) {}
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::string& name() const override { return name_; }
  at::Tensor all_gather(const at::Tensor& input, std::int64_t dim,
                        const std::vector<std::int64_t>& sizes) override {
    EXPECT_EQ(sizes, (std::vector<std::int64_t>{1, 1}));
    ++gathers;
    return rank_ == 0 ? at::cat({input, prediction(Branch::kUnconditional)}, dim)
                      : at::cat({prediction(Branch::kConditional), input}, dim);
  }
  std::vector<at::Tensor> all_to_all(const std::vector<at::Tensor>&,
                                     const std::vector<std::vector<std::int64_t>>&) override {
    throw std::logic_error("guidance needs no all-to-all");
  }
  void all_reduce(at::Tensor&) override { throw std::logic_error("guidance only gathers"); }
  std::unique_ptr<parallel::Exchange> start_exchange(const at::Tensor&, int, const std::vector<std::int64_t>&,
                                                     int) override {
    throw std::logic_error("guidance only gathers");
  }
  void broadcast(at::Tensor&, int) override { throw std::logic_error("guidance needs no broadcast"); }
  std::unique_ptr<parallel::Exchange> start_send(const at::Tensor&, int, int) override {
    throw std::logic_error("guidance sends nothing");
  }
  std::unique_ptr<parallel::Exchange> start_receive(const std::vector<std::int64_t>&,
                                                    const at::TensorOptions&, int, int) override {
    throw std::logic_error("guidance receives nothing");
  }
  void barrier() override { throw std::logic_error("guidance needs no barrier"); }

  int gathers = 0;

 private:
  int rank_;
  int size_;
  std::string name_ = "cfg";
};

struct Outcome {
  at::Tensor prediction;
  std::vector<Branch> passes;
  int gathers;
};

Outcome predict(double scale, int rank, int size) {
  const auto group = std::make_shared<FakeGroup>(rank, size);
  Outcome outcome;
  outcome.prediction = Guidance(scale, group).predict([&](Branch branch) {
    outcome.passes.push_back(branch);
    return prediction(branch);
  });
  outcome.gathers = group->gathers;
  return outcome;
}

TEST(Guidance, MovesTheUnconditionalPredictionTowardsTheConditionalOne) {
  const Outcome outcome = predict(6.0, 0, 1);
  const at::Tensor conditional = prediction(Branch::kConditional);
  const at::Tensor unconditional = prediction(Branch::kUnconditional);
  EXPECT_TRUE(at::equal(outcome.prediction, unconditional + 6.0 * (conditional - unconditional)));
  EXPECT_THAT(outcome.passes, testing::ElementsAre(Branch::kConditional, Branch::kUnconditional));
  EXPECT_EQ(outcome.gathers, 0);
}

TEST(Guidance, TwoRanksRunOneBranchEachAndAgreeWithOneRankToTheBit) {
  const Outcome single = predict(3.7, 0, 1);
  const Outcome first = predict(3.7, 0, 2);
  const Outcome second = predict(3.7, 1, 2);
  EXPECT_THAT(first.passes, testing::ElementsAre(Branch::kConditional));
  EXPECT_THAT(second.passes, testing::ElementsAre(Branch::kUnconditional));
  EXPECT_TRUE(at::equal(first.prediction, single.prediction));
  EXPECT_TRUE(at::equal(second.prediction, single.prediction));
  EXPECT_EQ(first.gathers, 1);
}

TEST(Guidance, AScaleOfOneRunsNoSecondPass) {
  const Outcome outcome = predict(1.0, 0, 1);
  EXPECT_TRUE(at::equal(outcome.prediction, prediction(Branch::kConditional)));
  EXPECT_THAT(outcome.passes, testing::ElementsAre(Branch::kConditional));
}

TEST(Guidance, RunsSaysWhichPromptsThisRankMustEncode) {
  const auto runs = [](double scale, int rank, int size) {
    const Guidance guidance(scale, std::make_shared<FakeGroup>(rank, size));
    return std::pair{guidance.runs(Branch::kConditional), guidance.runs(Branch::kUnconditional)};
  };
  EXPECT_EQ(runs(6.0, 0, 1), std::pair(true, true));
  EXPECT_EQ(runs(6.0, 0, 2), std::pair(true, false));
  EXPECT_EQ(runs(6.0, 1, 2), std::pair(false, true));
  EXPECT_EQ(runs(1.0, 0, 1), std::pair(true, false));
}

GuiderConfig guider(nlohmann::json values) {
  values["_class_name"] = "ClassifierFreeGuidance";
  return GuiderConfig::from({values, "guider_config.json"});
}

TEST(GuiderConfig, ReadsTheScaleAndWhatChangesIt) {
  EXPECT_EQ(guider({{"guidance_scale", 6.0}}).guidance_scale, 6.0);
  EXPECT_EQ(guider({}).guidance_scale, 7.5);
  EXPECT_EQ(guider({{"guidance_scale", 6.0}, {"enabled", false}}).guidance_scale, 1.0);
  EXPECT_EQ(guider({{"guidance_scale", 5.0}, {"use_original_formulation", true}}).guidance_scale, 6.0);
}

TEST(GuiderConfig, RefusesOptionsThatAreNotImplementedByName) {
  EXPECT_THAT(
      [] {
        guider({{"guidance_rescale", 0.7}});
      },
      ThrowsMessage<InputError>(HasSubstr("guidance_rescale")));
  EXPECT_THAT([] { guider({{"start", 0.1}}); }, ThrowsMessage<InputError>(HasSubstr("'start' must be 0")));
  EXPECT_THAT([] { guider({{"stop", 0.9}}); }, ThrowsMessage<InputError>(HasSubstr("'stop' must be 1")));
  EXPECT_THAT(
      [] {
        GuiderConfig::from({{{"_class_name", "AutoGuidance"}}, "guider_config.json"});
      },
      ThrowsMessage<InputError>(HasSubstr("_class_name")));
}

}  // namespace
}  // namespace isoframe::model::sampling
