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

TEST(Checkpoint, AFolderBesideTheCheckpointIsToldWhereItIs) {
  const TestFolder folder;
  write_checkpoint(folder, text_to_video_index());
  const auto refusal = [](const std::filesystem::path& path) {
    return input_error([&] { Checkpoint checkpoint(path); });
  };
  EXPECT_THAT(refusal(folder / "vae"),
              HasSubstr(fmt::format("but {}, above it, does: give that folder", folder.path().string())));
  EXPECT_THAT(refusal(folder / "vae/config.json"), HasSubstr("is a file; give the checkpoint's folder"));

  const TestFolder cache(" cache");
  const auto repository = cache / "models--tencent--Video";
  std::filesystem::create_directories(repository / "snapshots");
  EXPECT_THAT(refusal(repository), HasSubstr("without a whole snapshot"));
  for (const char* commit : {"12ab", "34cd"})
    std::filesystem::copy(folder.path(), repository / "snapshots" / commit,
                          std::filesystem::copy_options::recursive);
  EXPECT_THAT(refusal(repository), HasSubstr("but 2 folders below it do: give one of them"));
  cache.write("models--tencent--Video/refs/main", "34cd");
  EXPECT_THAT(refusal(repository),
              HasSubstr(fmt::format("give its snapshot, {}/snapshots/34cd", repository.string())));
  std::filesystem::remove_all(repository / "snapshots/12ab");
  for (const auto& place : {cache.path(), repository / "snapshots"})
    EXPECT_THAT(refusal(place),
                HasSubstr(fmt::format("but {}/snapshots/34cd does: give that folder", repository.string())));
}

TEST(Checkpoint, ANameOfTheHubIsNotFetched) {
  const TestFolder folder;
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint(folder / "tencent/HunyuanVideo-1.5"); }),
              HasSubstr("no such checkpoint directory; names on the Hugging Face hub are not fetched: 'hf "
                        "download tencent/HunyuanVideo-1.5 --local-dir FOLDER'"));
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint("~/models"); }), HasSubstr("'~' is not expanded"));
}

TEST(Checkpoint, FilesThatADownloadDidNotBringAreNamedWithTheCure) {
  const TestFolder folder;
  write_checkpoint(folder, text_to_video_index());
  const auto refusal = [&] { return input_error([&] { Checkpoint(folder.path()).config("vae"); }); };
  folder.write("vae/config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n");
  EXPECT_THAT(refusal(),
              HasSubstr("vae/config.json: a Git LFS pointer, not the file itself; run 'git lfs pull'"));
  folder.write("vae/config.json", "\n<!DOCTYPE html><html>");
  EXPECT_THAT(refusal(), HasSubstr("vae/config.json: a web page, not the file itself"));
  for (const char* file : {"vae/config.json", "model_index.json"}) {
    std::filesystem::remove(folder / file);
    std::filesystem::create_symlink(folder / "blobs/1", folder / file);
    EXPECT_THAT(refusal(), HasSubstr(fmt::format("{}: a link to {}", (folder / file).string(),
                                                 (folder / "blobs/1").string())));
  }
}

TEST(Checkpoint, ATokenizerNeedsNoConfigOfItsOwn) {
  const TestFolder folder;
  write_checkpoint(folder, text_to_video_index());
  std::filesystem::remove(folder / "tokenizer/tokenizer_config.json");
  std::filesystem::remove(folder / "tokenizer_2/tokenizer_config.json");
  EXPECT_NO_THROW(Checkpoint checkpoint(folder.path()));
}

TEST(Checkpoint, AFolderThatLinksToItselfIsRead) {
  const TestFolder folder;
  write_checkpoint(folder, text_to_video_index());
  std::filesystem::create_directory_symlink(".", folder / "self");
  EXPECT_NO_THROW(Checkpoint checkpoint(folder.path()));
  std::filesystem::remove(folder / "model_index.json");
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint(folder.path()); }), HasSubstr("no model_index.json"));
}

TEST(Checkpoint, AVariantMustBeSomewhere) {
  const TestFolder folder;
  write_checkpoint(folder, text_to_video_index());
  EXPECT_THAT(input_error([&] { Checkpoint checkpoint(folder.path(), "fp16"); }),
              HasSubstr("no part has weights of the variant 'fp16' (*.fp16.safetensors)"));
  folder.write("vae/model.fp16.safetensors", "");
  EXPECT_EQ(Checkpoint(folder.path(), "fp16").variant(), "fp16");
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
  folder.write("tokenizer/tokenizer.json", "{}");
  EXPECT_NO_THROW(Checkpoint checkpoint(folder.path())) << "the file says what it does";
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
