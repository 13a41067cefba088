#include "model/checkpoint/weight_files.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/safetensors.h"
#include "tests/unit/model/checkpoint/files.h"

namespace isoframe::model::checkpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kIndex = "model.safetensors.index.json";

void write_two_shards(const TestFolder& folder) {
  write_safetensors(folder / "model-00001-of-00002.safetensors", {{"a", at::full({2}, 1.0)}});
  write_safetensors(folder / "model-00002-of-00002.safetensors", {{"b", at::full({2}, 2.0)}});
  folder.write(kIndex, R"({"weight_map":{"a":"model-00001-of-00002.safetensors",)"
                       R"("b":"model-00002-of-00002.safetensors"}})");
}

TEST(WeightFiles, ATensorOfTheAskedDtypeIsUsedInPlace) {
  const TestFolder folder;
  write_safetensors(folder / "model.safetensors", {{"a", at::ones({4})}, {"b", at::ones({4})}});
  WeightFiles weights(folder.path());
  const at::Tensor a = weights.parameter("a", {4});
  EXPECT_EQ(weights.parameter("b", {4}).const_data_ptr<float>(), a.const_data_ptr<float>() + 4);
}

TEST(WeightFiles, ATensorOfAnotherDtypeIsConverted) {
  const TestFolder folder;
  write_safetensors(folder / "model.safetensors", {{"a", at::full({4}, 1.5, at::kBFloat16)}});
  EXPECT_TRUE(at::equal(WeightFiles(folder.path()).parameter("a", {4}), at::full({4}, 1.5)));
  EXPECT_EQ(WeightFiles(folder.path(), at::kHalf).parameter("a", {4}).scalar_type(), at::kHalf);
}

TEST(WeightFiles, ASliceIsAViewOfTheMappedTensor) {
  const TestFolder folder;
  const at::Tensor whole = at::arange(12, at::kFloat).reshape({3, 4});
  write_safetensors(folder / "model.safetensors", {{"a", whole}});
  WeightFiles weights(folder.path());
  const at::Tensor rows = weights.parameter("a", {3, 4}, {.dim = 0, .begin = 1, .length = 2});
  const at::Tensor columns = weights.parameter("a", {3, 4}, {.dim = 1, .begin = 2, .length = 2});
  EXPECT_TRUE(at::equal(rows, whole.narrow(0, 1, 2)));
  EXPECT_TRUE(at::equal(columns, whole.narrow(1, 2, 2)));
  EXPECT_EQ(columns.const_data_ptr<float>(), weights.parameter("a", {3, 4}).const_data_ptr<float>() + 2);
  EXPECT_TRUE(weights.unused().empty());
  EXPECT_THROW(weights.parameter("a", {4, 3}, {.dim = 0, .begin = 0, .length = 1}), InputError);
}

TEST(WeightFiles, ASliceOfAnotherDtypeIsConvertedAlone) {
  const TestFolder folder;
  write_safetensors(folder / "model.safetensors", {{"a", at::full({4, 4}, 1.5, at::kBFloat16)}});
  const at::Tensor slice =
      WeightFiles(folder.path()).parameter("a", {4, 4}, {.dim = 1, .begin = 1, .length = 2});
  EXPECT_TRUE(at::equal(slice, at::full({4, 2}, 1.5)));
  EXPECT_EQ(slice.storage().nbytes(), 4U * 4 * 2);
}

TEST(WeightFiles, AMissingTensorIsNamedWithItsFile) {
  const TestFolder folder;
  write_safetensors(folder / "model.safetensors", {{"a", at::ones({4})}});
  WeightFiles weights(folder.path());
  EXPECT_THAT(input_error([&] {
                weights.parameter("b", {2, 3});
              }),
              ::testing::StartsWith((folder / "model.safetensors").string() + ": tensor 'b' is missing"));
}

TEST(WeightFiles, AWrongShapeIsToldWithBothShapes) {
  const TestFolder folder;
  write_safetensors(folder / "model.safetensors", {{"a", at::ones({2, 3})}});
  WeightFiles weights(folder.path());
  EXPECT_EQ(input_error([&] {
              weights.parameter("a", {3, 2});
            }),
            (folder / "model.safetensors").string() +
                ": tensor 'a' has shape [2, 3], but the config asks for [3, 2]");
}

TEST(WeightFiles, WhatNobodyAskedForIsSurplus) {
  const TestFolder folder;
  write_safetensors(folder / "model.safetensors",
                    {{"lm_head", at::ones({1})}, {"a", at::ones({1})}, {"copy", at::ones({1})}});
  WeightFiles weights(folder.path());
  weights.parameter("a", {1});
  EXPECT_THAT(weights.unused(), ElementsAre("copy", "lm_head"));
}

std::string refusal(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  const TestFolder folder;
  write_safetensors(folder / "model.safetensors", tensors);
  WeightFiles weights(folder.path());
  return input_error([&] { weights.parameter("attn.to_q.weight", {2, 2}); });
}

TEST(WeightFiles, QuantizedWeightsAreRefused) {
  const at::Tensor plain = at::ones({2, 2});
  for (const at::ScalarType dtype : {at::kFloat8_e4m3fn, at::kFloat8_e5m2, at::kChar, at::kByte, at::kInt}) {
    const std::string name = dtype_name(dtype);
    EXPECT_THAT(
        refusal({{"attn.to_q.weight", plain.to(dtype)}}),
        HasSubstr("model.safetensors: tensor 'attn.to_q.weight' is " + name + " without a scale; quantized"));
    EXPECT_THAT(refusal({{"attn.to_q.weight", plain.to(dtype)}, {"attn.to_q.weight_scale", at::ones({})}}),
                HasSubstr(name + " with a scale beside it, 'attn.to_q.weight_scale'"));
  }
}

TEST(WeightFiles, AWeightThatATensorBesideItScalesIsRefused) {
  const at::Tensor plain = at::ones({2, 2});
  for (const std::string scale :
       {"attn.to_q.scale_weight", "attn.to_q.weight_scale_inv", "attn.to_q.input_scale",
        "attn.to_q.weight.absmax", "attn.to_q.weight.quant_state.bitsandbytes__nf4", "attn.to_q.SCB",
        "attn.to_q.qzeros"})
    EXPECT_THAT(refusal({{"attn.to_q.weight", plain}, {scale, at::ones({})}}), HasSubstr("'" + scale + "'"));
  // Another weight's scale, and a name that only begins alike.
  const TestFolder folder;
  write_safetensors(folder / "model.safetensors", {{"attn.to_q.weight", plain},
                                                   {"attn.to_q.weight2.absmax", at::ones({})},
                                                   {"attn.to_qk.weight_scale", at::ones({})}});
  EXPECT_NO_THROW(WeightFiles(folder.path()).parameter("attn.to_q.weight", {2, 2}));
}

TEST(WeightFiles, ShardsAreReadAsTheIndexSays) {
  const TestFolder folder;
  write_two_shards(folder);
  // Another variant's file beside the shards: without the index it would be a second copy of `a`.
  write_safetensors(folder / "model.safetensors", {{"a", at::full({2}, 9.0)}});
  WeightFiles weights(folder.path());
  EXPECT_TRUE(at::equal(weights.parameter("a", {2}), at::full({2}, 1.0)));
  EXPECT_TRUE(at::equal(weights.parameter("b", {2}), at::full({2}, 2.0)));
}

TEST(WeightFiles, ShardsWithoutAnIndexAreReadTogether) {
  const TestFolder folder;
  write_two_shards(folder);
  std::filesystem::remove(folder / kIndex);
  WeightFiles weights(folder.path());
  EXPECT_TRUE(weights.has("a") && weights.has("b"));
}

TEST(WeightFiles, AShardThatTheIndexNamesMustBeThere) {
  const TestFolder folder;
  write_two_shards(folder);
  std::filesystem::remove(folder / "model-00002-of-00002.safetensors");
  EXPECT_THAT(
      input_error([&] { WeightFiles weights(folder.path()); }),
      HasSubstr("model-00002-of-00002.safetensors: missing, but model.safetensors.index.json names it"));
}

TEST(WeightFiles, ATensorMustBeInTheShardThatTheIndexSays) {
  const TestFolder folder;
  write_two_shards(folder);
  folder.write(kIndex, R"({"weight_map":{"b":"model-00001-of-00002.safetensors"}})");
  EXPECT_THAT(input_error([&] { WeightFiles weights(folder.path()); }),
              HasSubstr("model-00001-of-00002.safetensors: tensor 'b' is missing"));
}

TEST(WeightFiles, AnIndexCannotReachOutOfItsFolder) {
  const TestFolder folder;
  folder.write(kIndex, R"({"weight_map":{"b":"../other.safetensors"}})");
  EXPECT_THAT(input_error([&] { WeightFiles weights(folder.path()); }),
              HasSubstr("must name a file of the same folder"));
}

TEST(WeightFiles, TheSameTensorInTwoFilesIsAnError) {
  const TestFolder folder;
  write_safetensors(folder / "copy.safetensors", {{"a", at::ones({1})}});
  write_safetensors(folder / "model.safetensors", {{"a", at::ones({1})}});
  EXPECT_THAT(input_error([&] { WeightFiles weights(folder.path()); }),
              HasSubstr("tensor 'a' is also in copy.safetensors"));
}

double value_of(const std::filesystem::path& folder, const std::string& variant) {
  return WeightFiles(folder, at::kFloat, variant).parameter("a", {1}).item<double>();
}

TEST(WeightFiles, PlainOnesAreTakenUnlessAVariantIsAskedFor) {
  const TestFolder folder;
  write_safetensors(folder / "model.fp16.safetensors", {{"a", at::full({1}, 2.0, at::kHalf)}});
  EXPECT_EQ(value_of(folder.path(), ""), 2.0) << "the only one";
  write_safetensors(folder / "model.safetensors", {{"a", at::full({1}, 1.0)}});
  EXPECT_EQ(value_of(folder.path(), ""), 1.0);
  EXPECT_EQ(value_of(folder.path(), "fp16"), 2.0);
  EXPECT_EQ(value_of(folder.path(), "bf16"), 1.0) << "this part has none of it";
}

TEST(WeightFiles, ShardsOfAVariantAreReadAsItsOwnIndexSays) {
  const TestFolder folder;
  for (const auto& [stem, index] :
       {std::pair{"model.fp16-00001-of-00001", "model.safetensors.index.fp16.json"},
        {"model-00001-of-00001.bf16", "model.bf16.safetensors.index.json"},
        {"model-00001-of-00001", "model.safetensors.index.json"}}) {
    const std::string file = std::string(stem) + ".safetensors";
    write_safetensors(folder / file, {{"a", at::full({1}, static_cast<double>(std::string(stem).size()))}});
    folder.write(index, nlohmann::json{{"weight_map", {{"a", file}}}}.dump());
  }
  EXPECT_EQ(value_of(folder.path(), ""), 20.0);
  EXPECT_EQ(value_of(folder.path(), "fp16"), 25.0);
  EXPECT_EQ(value_of(folder.path(), "bf16"), 25.0);
}

TEST(WeightFiles, SeveralVariantsWithoutPlainOnesNeedAName) {
  const TestFolder folder;
  write_safetensors(folder / "model.fp16.safetensors", {{"a", at::full({1}, 2.0)}});
  write_safetensors(folder / "model.ema.safetensors", {{"a", at::full({1}, 3.0)}});
  EXPECT_THAT(input_error([&] { WeightFiles weights(folder.path()); }),
              HasSubstr("holds the variants ema, fp16 and no plain weights; name one"));
  EXPECT_EQ(value_of(folder.path(), "ema"), 3.0);
}

TEST(WeightFiles, TensorsOfUnknownTypesAreInNobodysWay) {
  const TestFolder folder;
  const std::string header =
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
      R"("b":{"dtype":"F4","shape":[3],"data_offsets":[4,6]},"c":{"dtype":"U16","shape":[1],"data_offsets":[6,8]}})";
  folder.write_raw("model.safetensors", header, std::string(8, '\0'));
  WeightFiles weights(folder.path());
  EXPECT_EQ(weights.parameter("a", {1}).item<double>(), 0.0);
  EXPECT_THAT(weights.unused(), ElementsAre("b", "c"));
  EXPECT_EQ(weights.entries()[1].dtype_name, "F4");
  EXPECT_THAT(input_error([&] { weights.parameter("b", {3}); }),
              HasSubstr("tensor 'b' is F4 without a scale; quantized weights are not computed here"));
}

TEST(WeightFiles, AnUnfinishedDownloadIsNamed) {
  const TestFolder folder;
  folder.write("model.safetensors.incomplete", "");
  EXPECT_THAT(
      input_error([&] { WeightFiles weights(folder.path()); }),
      HasSubstr("no *.safetensors here, but model.safetensors.incomplete: the download is not complete"));
  folder.write(kIndex, R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  EXPECT_THAT(
      input_error([&] { WeightFiles weights(folder.path()); }),
      HasSubstr("1.safetensors: missing, but model.safetensors.index.json names it (2 of its 2 files are "
                "missing); the download is not complete (model.safetensors.incomplete is here): repeat it"));
  folder.write("1.safetensors", "version https://git-lfs.github.com/spec/v1\n");
  EXPECT_THAT(input_error([&] { WeightFiles weights(folder.path()); }),
              HasSubstr("1.safetensors: a Git LFS pointer, not the file itself; run 'git lfs pull'"));
}

TEST(WeightFiles, WeightsOfAnotherFormatAreNamed) {
  const TestFolder folder;
  folder.write("pytorch_model.bin", "");
  EXPECT_THAT(input_error([&] { WeightFiles weights(folder.path()); }),
              HasSubstr("no *.safetensors here, but pytorch_model.bin: only safetensors are read"));
}

TEST(WeightFiles, LinkedFilesAreFollowed) {
  const TestFolder folder;
  write_safetensors(folder / "blob", {{"a", at::ones({1})}});
  std::filesystem::create_directory(folder / "part");
  std::filesystem::create_symlink(folder / "blob", folder / "part/model.safetensors");
  EXPECT_TRUE(WeightFiles(folder / "part").has("a"));
}

TEST(WeightFiles, AFolderWithoutWeightsIsNamed) {
  const TestFolder folder;
  EXPECT_THAT(input_error([&] { WeightFiles weights(folder.path()); }), HasSubstr("no *.safetensors here"));
  EXPECT_THAT(input_error([&] { WeightFiles weights(folder / "absent"); }), HasSubstr("no such folder"));
}

TEST(Declaration, NotesNamesAndShapesAndHoldsNoMemory) {
  Declaration declaration;
  const Parameters block = Parameters(declaration)["blocks"][3];
  const at::Tensor weight = block["attn"].get("weight", {1 << 20, 1 << 20});
  EXPECT_TRUE(weight.is_meta());
  ASSERT_EQ(declaration.items().size(), 1U);
  EXPECT_EQ(declaration.items()[0].name, "blocks.3.attn.weight");
  EXPECT_THAT(declaration.items()[0].shape, ElementsAre(1 << 20, 1 << 20));
}

}  // namespace
}  // namespace isoframe::model::checkpoint
