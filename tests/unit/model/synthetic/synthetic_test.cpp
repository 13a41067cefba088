#include "model/synthetic/synthetic.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/safetensors.h"
#include "model/checkpoint/weight_files.h"
#include "model/synthetic/initializer.h"
#include "model/synthetic/inspect.h"
#include "model/synthetic/presets.h"
#include "model/synthetic/shard_writer.h"
#include "tests/unit/model/checkpoint/files.h"

namespace isoframe::model::synthetic {
namespace {

using checkpoint::input_error;
using checkpoint::TestFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The preset tiny, thinner still.
nlohmann::json minimal() {
  return customized(preset("tiny"), nlohmann::json::parse(R"({
    "transformer": {"num_layers": 1, "num_refiner_layers": 1},
    "text_encoder": {"num_hidden_layers": 3},
    "text_encoder_2": {"num_layers": 1}
  })"),
                    "test");
}

TEST(InitialValue, DependsOnSeedPartAndNameAlone) {
  const auto value = [](const char* part, const char* name, std::uint64_t seed) {
    return initial_value(part, name, {8, 8}, at::kFloat, seed);
  };
  EXPECT_TRUE(at::equal(value("vae", "a.weight", 1), value("vae", "a.weight", 1)));
  EXPECT_FALSE(at::equal(value("vae", "a.weight", 1), value("vae", "a.weight", 2)));
  EXPECT_FALSE(at::equal(value("vae", "a.weight", 1), value("vae", "b.weight", 1)));
  EXPECT_FALSE(at::equal(value("vae", "a.weight", 1), value("transformer", "a.weight", 1)));
}

TEST(InitialValue, MatricesAreScaledByTheirFanInAndNormsAreNearOne) {
  const at::Tensor matrix = initial_value("transformer", "proj_in.weight", {64, 1024}, at::kFloat, 0);
  EXPECT_NEAR(matrix.std().item<double>(), 1.0 / 32.0, 0.002);
  const at::Tensor norm = initial_value("transformer", "norm1.weight", {1024}, at::kFloat, 0);
  EXPECT_NEAR(norm.mean().item<double>(), 1.0, 0.02);
  EXPECT_LT(norm.std().item<double>(), 0.2);
}

TEST(Shards, AreCutAtTheLimitAndIndexed) {
  const TestFolder folder;
  const std::vector<checkpoint::Declaration::Item> items = {{"a", {8}}, {"b", {8}}, {"c", {8}}};
  const auto ones = [](const auto& item) { return at::ones(item.shape); };
  write_shards(folder.path(), "model", items, at::kFloat, /*shard_bytes=*/64, ones);
  EXPECT_TRUE(std::filesystem::exists(folder / "model-00002-of-00002.safetensors"));
  checkpoint::WeightFiles weights(folder.path());
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(weights.has(name)) << name;
}

TEST(SyntheticCheckpoint, HoldsWhatTheModelAsksForAndNothingElse) {
  const TestFolder folder;
  initialize_checkpoint(minimal(), "minimal", 3, folder / "checkpoint");
  for (const PartReport& part : inspect(checkpoint::Checkpoint(folder / "checkpoint"))) {
    EXPECT_GT(part.parameters, 0U) << part.name;
    EXPECT_THAT(part.problems, IsEmpty());
    EXPECT_THAT(part.surplus, IsEmpty());
  }
}

TEST(SyntheticCheckpoint, OfImageToVideoHasAnImageEncoder) {
  const TestFolder folder;
  initialize_checkpoint(preset("tiny", checkpoint::Task::kImageToVideo), "tiny i2v", 3,
                        folder / "checkpoint");
  const checkpoint::Checkpoint made(folder / "checkpoint");
  EXPECT_EQ(made.task(), checkpoint::Task::kImageToVideo);
  EXPECT_EQ(made.config("transformer").text("task_type"), "i2v");
  EXPECT_EQ(made.config("feature_extractor").object("size").integer("height"),
            made.config("image_encoder").integer("image_size"));
  const std::vector<PartReport> parts = inspect(made);
  EXPECT_EQ(parts.back().name, "image_encoder");
  EXPECT_EQ(parts.back().class_name, "SiglipVisionModel");
  EXPECT_GT(parts.back().parameters, 0U);
  EXPECT_THAT(parts.back().problems, IsEmpty());
  EXPECT_THAT(parts.back().surplus, IsEmpty());
}

TEST(SyntheticCheckpoint, ReplacesAnEarlierOneButNothingElse) {
  const TestFolder folder;
  std::filesystem::create_directory(folder / "empty");
  initialize_checkpoint(minimal(), "minimal", 3, folder / "empty");
  EXPECT_NO_THROW(initialize_checkpoint(minimal(), "minimal", 4, folder / "empty/"));
  folder.write("other/thesis.txt", "years of work");
  EXPECT_THAT(input_error([&] { initialize_checkpoint(minimal(), "minimal", 3, folder / "other"); }),
              HasSubstr("not empty and not a synthetic checkpoint"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

TEST(SyntheticCheckpoint, AVocabularyTooSmallForTheTokenizerIsRefusedBeforeWriting) {
  const TestFolder folder;
  nlohmann::json configuration = minimal();
  configuration["text_encoder"]["vocab_size"] = 300;
  EXPECT_THAT(input_error([&] { initialize_checkpoint(configuration, "x", 0, folder / "checkpoint"); }),
              HasSubstr("'vocab_size' is 300, but the tokenizer has"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(SyntheticCheckpoint, AnInterruptedOneLeavesNothing) {
  const TestFolder folder;
  const auto interrupt = [](std::uint64_t, std::uint64_t) { throw RunError("interrupted"); };
  EXPECT_THROW(initialize_checkpoint(minimal(), "x", 0, folder / "checkpoint", interrupt), RunError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Presets, UnknownNamesAndKeysAreToldApart) {
  EXPECT_THAT(input_error([] { preset("huge"); }), HasSubstr("there are tiny, small, medium, full"));
  EXPECT_EQ(input_error([] {
              customized(preset("tiny"), {{"vae", {{"width", 3}}}}, "my.json");
            }),
            "my.json: in 'vae': 'width' is not known here");
}

TEST(Presets, FullHasThePublishedSizes) {
  const nlohmann::json full = preset("full");
  EXPECT_EQ(full["transformer"]["num_layers"], 54);
  EXPECT_EQ(full["dtype"], "bfloat16");
  EXPECT_EQ(preset("tiny")["transformer"]["rope_theta"], full["transformer"]["rope_theta"]);
}

}  // namespace
}  // namespace isoframe::model::synthetic
