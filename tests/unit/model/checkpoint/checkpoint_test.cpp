#include "model/checkpoint/checkpoint.h"

#include <gmock/gmock.h>

#include "tests/unit/model/checkpoint/files.h"

namespace isoframe::model::checkpoint {
namespace {

using ::testing::HasSubstr;

nlohmann::json text_to_video_index() {
  return nlohmann::json::parse(R"({
    "_class_name": "HunyuanVideo15Pipeline",
    "transformer": ["diffusers", "HunyuanVideo15Transformer3DModel"],
    "vae": ["diffusers", "AutoencoderKLHunyuanVideo15"],
    "text_encoder": ["transformers", "Qwen2_5_VLTextModel"],
    "text_encoder_2": ["transformers", "T5EncoderModel"],
    "tokenizer": ["transformers", "Qwen2TokenizerFast"],
    "tokenizer_2": ["transformers", "ByT5Tokenizer"],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "guider": ["diffusers", "ClassifierFreeGuidance"]
  })");
}

void write_checkpoint(const TestFolder& folder, const nlohmann::json& index) {
  folder.write("model_index.json", index.dump());
  for (const char* part : {"transformer", "vae", "text_encoder", "text_encoder_2"}) {
    folder.write(std::string(part) + "/config.json", R"({"part": ")" + std::string(part) + "\"}");
  }
  for (const char* part : {"tokenizer", "tokenizer_2"}) {
    folder.write(std::string(part) + "/tokenizer_config.json", "{}");
  }
  folder.write("scheduler/scheduler_config.json", R"({"shift": 5.0})");
  folder.write("guider/guider_config.json", R"({"guidance_scale": 6.0})");
}

TEST(Checkpoint, KnowsItsPipelineAndWhereEachConfigLies) {
  const TestFolder folder;
  write_checkpoint(folder, text_to_video_index());
  const Checkpoint checkpoint(folder.path());
  EXPECT_EQ(checkpoint.pipeline_class(), "HunyuanVideo15Pipeline");
  EXPECT_EQ(checkpoint.config("vae").text("part"), "vae");
  EXPECT_EQ(checkpoint.config("scheduler").number("shift"), 5.0);
  EXPECT_EQ(checkpoint.config("guider").number("guidance_scale"), 6.0);
}

TEST(Checkpoint, AGuiderSavedAsConfigJsonIsFound) {
  const TestFolder folder;
  write_checkpoint(folder, text_to_video_index());
  std::filesystem::rename(folder / "guider/guider_config.json", folder / "guider/config.json");
  EXPECT_EQ(Checkpoint(folder.path()).config("guider").number("guidance_scale"), 6.0);
}

TEST(Checkpoint, TasksHaveShortNames) {
  EXPECT_EQ(parse_task("t2v"), Task::kTextToVideo);
  EXPECT_EQ(parse_task("i2v"), Task::kImageToVideo);
  EXPECT_THROW(parse_task("v2v"), InputError);
}

TEST(Checkpoint, ADirectoryOfAnotherLayoutIsRefused) {
  const TestFolder folder;
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint(folder / "absent"); }),
              HasSubstr("no such checkpoint directory"));
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint(folder.path()); }), HasSubstr("no model_index.json"));
}

TEST(Checkpoint, AMissingPartIsNamedBeforeAnythingIsLoaded) {
  const TestFolder folder;
  nlohmann::json index = text_to_video_index();
  write_checkpoint(folder, index);
  std::filesystem::remove_all(folder / "vae");
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint(folder.path()); }), HasSubstr("vae: no such folder"));
  index.erase("guider");
  folder.write("model_index.json", index.dump());
  folder.write("vae/config.json", "{}");
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint(folder.path()); }),
              HasSubstr("model_index.json: 'guider' is missing"));
}

TEST(Checkpoint, AnUnknownClassIsNamedWithTheKnownOnes) {
  const TestFolder folder;
  nlohmann::json index = text_to_video_index();
  index["tokenizer"][1] = "LlamaTokenizer";
  write_checkpoint(folder, index);
  EXPECT_THAT(
      input_error([&] { Checkpoint checkpoint(folder.path()); }),
      HasSubstr("'tokenizer' has class 'LlamaTokenizer', but only 'Qwen2Tokenizer' or 'Qwen2TokenizerFast'"));
  index["_class_name"] = "FluxPipeline";
  folder.write("model_index.json", index.dump());
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint(folder.path()); }),
              HasSubstr("'_class_name' is 'FluxPipeline'"));
}

TEST(Checkpoint, ImageToVideoNeedsItsImageEncoderToo) {
  const TestFolder folder;
  nlohmann::json index = text_to_video_index();
  index["_class_name"] = "HunyuanVideo15ImageToVideoPipeline";
  write_checkpoint(folder, index);
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint(folder.path()); }),
              HasSubstr("'image_encoder' is missing"));
}

}  // namespace
}  // namespace isoframe::model::checkpoint
