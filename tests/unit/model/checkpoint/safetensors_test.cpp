#include "model/checkpoint/safetensors.h"

#include <fstream>
#include <iterator>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/unit/model/checkpoint/files.h"

namespace isoframe::model::checkpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A header of one float32 tensor `a` with these members.
std::string header_of_a(const std::string& members) { return R"({"a":{)" + members + "}}"; }

TEST(SafetensorsWriter, WhatIsWrittenIsReadBackInValueShapeAndDtype) {
  const TestFolder folder;
  const at::Tensor floats = at::arange(6, at::kFloat).view({2, 3});
  const at::Tensor halves = at::arange(4, at::kBFloat16);
  const at::Tensor scalar = at::scalar_tensor(7, at::kLong);
  const at::Tensor none = at::empty({0, 5}, at::kFloat);
  write_safetensors(folder / "x.safetensors",
                    {{"floats", floats}, {"halves", halves}, {"scalar", scalar}, {"none", none}});

  const auto read = read_safetensors(folder / "x.safetensors");
  ASSERT_EQ(read.size(), 4U);
  for (const auto& [name, written] : {std::pair("floats", floats), std::pair("halves", halves),
                                      std::pair("scalar", scalar), std::pair("none", none)}) {
    EXPECT_EQ(read.at(name).scalar_type(), written.scalar_type()) << name;
    EXPECT_TRUE(at::equal(read.at(name), written)) << name;
  }
}

TEST(SafetensorsWriter, WritesTheValuesOfAViewNotItsStorage) {
  const TestFolder folder;
  const at::Tensor transposed = at::arange(6, at::kFloat).view({2, 3}).t();
  write_safetensors(folder / "x.safetensors", {{"a", transposed}});
  EXPECT_TRUE(at::equal(read_safetensors(folder / "x.safetensors").at("a"), transposed));
}

TEST(SafetensorsWriter, DataBeginsAtAMultipleOf64Bytes) {
  const TestFolder folder;
  for (const std::string name : {"a", "ab", "a rather long name for a tensor of one element"}) {
    write_safetensors(folder / "x.safetensors", {{name, at::zeros({1})}});
    EXPECT_EQ((content_of(folder / "x.safetensors").size() - sizeof(float)) % 64, 0U) << name;
  }
}

TEST(SafetensorsWriter, AFileThatIsNotCommittedLeavesTheOldOneAndNoTrace) {
  const TestFolder folder;
  write_safetensors(folder / "x.safetensors", {{"a", at::ones({2})}});
  {
    SafetensorsWriter writer(folder / "x.safetensors", {{"a", {2}, at::kFloat}, {"b", {2}, at::kFloat}});
    writer.append(at::zeros({2}));
  }
  EXPECT_TRUE(at::equal(read_safetensors(folder / "x.safetensors").at("a"), at::ones({2})));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(SafetensorsWriter, RefusesTensorsOtherThanDeclared) {
  const TestFolder folder;
  SafetensorsWriter writer(folder / "x.safetensors", {{"a", {2}, at::kFloat}, {"b", {2}, at::kFloat}});
  EXPECT_THROW(writer.append(at::zeros({3})), std::logic_error);
  SafetensorsWriter half(folder / "y.safetensors", {{"a", {2}, at::kFloat}});
  EXPECT_THROW(half.commit(), std::logic_error);
  half.append(at::zeros({2}));
  EXPECT_THROW(half.append(at::zeros({2})), std::logic_error);
}

TEST(SafetensorsWriter, AFolderThatDoesNotExistIsAnErrorOfTheRun) {
  const TestFolder folder;
  EXPECT_THROW(write_safetensors(folder / "absent/x.safetensors", {{"a", at::zeros({1})}}), RunError);
}

TEST(SafetensorsFile, TensorsAreViewsOfOneMap) {
  const TestFolder folder;
  write_safetensors(folder / "x.safetensors", {{"a", at::ones({16})}, {"b", at::zeros({16})}});
  const SafetensorsFile file(folder / "x.safetensors");
  const auto* a = file.tensor("a").const_data_ptr<float>();
  EXPECT_EQ(file.tensor("b").const_data_ptr<float>(), a + 16);
  EXPECT_EQ(file.tensor("a").const_data_ptr<float>(), a);
}

TEST(SafetensorsFile, WritingToATensorNeverReachesTheFile) {
  const TestFolder folder;
  write_safetensors(folder / "x.safetensors", {{"a", at::ones({4})}});
  read_safetensors(folder / "x.safetensors").at("a").fill_(9);
  EXPECT_TRUE(at::equal(read_safetensors(folder / "x.safetensors").at("a"), at::ones({4})));
}

TEST(SafetensorsFile, ATensorOutlivesItsFileObjectAndItsName) {
  const TestFolder folder;
  write_safetensors(folder / "x.safetensors", {{"a", at::ones({4})}});
  const at::Tensor a = read_safetensors(folder / "x.safetensors").at("a");
  std::filesystem::remove(folder / "x.safetensors");
  EXPECT_TRUE(at::equal(a, at::ones({4})));
}

TEST(SafetensorsFile, ATensorAtAnOddOffsetIsReadCorrectly) {
  const TestFolder folder;
  const float value = 2.5F;
  std::string data(1, '\1');
  data.append(reinterpret_cast<const char*>(&value), sizeof value);
  const auto path = folder.write_raw("x.safetensors",
                                     R"({"byte":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                     R"("a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                                     data);
  EXPECT_EQ(read_safetensors(path).at("a").item<float>(), 2.5F);
}

struct Lie {
  const char* name;
  std::string header;
  std::size_t data_bytes;
  std::string told;
};

class SafetensorsHeader : public ::testing::TestWithParam<Lie> {};

TEST_P(SafetensorsHeader, LieIsToldInOneLineThatNamesTheFile) {
  const TestFolder folder;
  const auto path =
      folder.write_raw("x.safetensors", GetParam().header, std::string(GetParam().data_bytes, '\0'));
  const std::string error = input_error([&] { SafetensorsFile file(path); });
  EXPECT_THAT(error, StartsWith(path.string() + ": "));
  EXPECT_THAT(error, HasSubstr(GetParam().told));
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, SafetensorsHeader,
    ::testing::Values(
        Lie{"NotJson", "{]", 0, "its header is not a JSON object"},
        Lie{"NotAnObject", "[1]", 0, "its header is not a JSON object"},
        Lie{"TensorIsNotAnObject", R"({"a":3})", 0, "tensor 'a' is not described by a JSON object"},
        Lie{"NoDtype", header_of_a(R"("shape":[1],"data_offsets":[0,4])"), 4, "tensor 'a' has no dtype"},
        Lie{"NegativeShape", header_of_a(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), 4,
            "tensor 'a' has no shape of non-negative integers"},
        Lie{"OneOffset", header_of_a(R"("dtype":"F32","shape":[1],"data_offsets":[4])"), 4,
            "tensor 'a' has no pair of data_offsets"},
        Lie{"OffsetsReversed", header_of_a(R"("dtype":"F32","shape":[0],"data_offsets":[4,0])"), 4,
            "tensor 'a' ends before it begins"},
        Lie{"SizeDoesNotFitShape", header_of_a(R"("dtype":"F32","shape":[2,3],"data_offsets":[0,20])"), 20,
            "tensor 'a' of F32 [2, 3] needs 24 bytes, its data_offsets give 20"},
        Lie{"ShapeOverflows",
            header_of_a(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"), 0,
            "which no memory can hold"},
        Lie{"OffsetBeyond63Bits",
            header_of_a(
                R"("dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551615])"),
            4, "tensor 'a' has no pair of data_offsets"},
        Lie{"DataIsCutOff", header_of_a(R"("dtype":"F32","shape":[4],"data_offsets":[0,16])"), 15,
            "truncated: tensor 'a' ends at byte"},
        Lie{"DataGoesOn", header_of_a(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"), 7,
            "3 bytes after the last tensor belong to nobody"},
        Lie{"Gap", header_of_a(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), 8,
            "4 bytes before tensor 'a' belong to nobody"},
        Lie{"Overlap",
            R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
            12, "tensor 'b' overlaps 'a'"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(SafetensorsFile, IsCalledTruncatedWhereverItIsCut) {
  const TestFolder folder;
  write_safetensors(folder / "x.safetensors", {{"a", at::ones({8})}});
  const std::string whole = content_of(folder / "x.safetensors");
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{40}, whole.size() - 1}) {
    const auto path = folder.write("cut.safetensors", whole.substr(0, bytes));
    EXPECT_THAT(input_error([&] { SafetensorsFile file(path); }), HasSubstr("truncated")) << bytes;
  }
}

TEST(SafetensorsFile, ATensorOfAnUnknownDtypeIsListedAndNotRead) {
  const TestFolder folder;
  const auto path =
      folder.write_raw("x.safetensors", R"({"a":{"dtype":"F31","shape":[1],"data_offsets":[0,5]}})", "12345");
  const SafetensorsFile file(path);
  EXPECT_EQ(file.spec("a").dtype_name(), "F31");
  EXPECT_EQ(file.spec("a").bytes(), 5u);
  EXPECT_THAT(input_error([&] { file.tensor("a"); }), HasSubstr("tensor 'a' has unknown dtype 'F31'"));
}

TEST(SafetensorsFile, AnyOtherFileIsNotReadAsOne) {
  const TestFolder folder;
  const auto path = folder.write("x.safetensors", "version https://git-lfs.github.com/spec/v1\n");
  EXPECT_THAT(input_error([&] { SafetensorsFile file(path); }),
              HasSubstr("a Git LFS pointer, not the file itself"));
  EXPECT_THAT(input_error([&] { SafetensorsFile file(folder.write("y.safetensors", "PK, say, and more")); }),
              HasSubstr("not a safetensors file"));
  EXPECT_THAT(input_error([&] { SafetensorsFile file(folder / "absent"); }), HasSubstr("cannot be opened"));
  EXPECT_THAT(input_error([&] { SafetensorsFile file(folder.path()); }), HasSubstr("not a regular file"));
}

TEST(SafetensorsFile, ListsTensorsInTheOrderOfTheirData) {
  const TestFolder folder;
  write_safetensors(folder / "x.safetensors", {{"z", at::ones({1})}, {"a", at::ones({1})}});
  const SafetensorsFile file(folder / "x.safetensors");
  std::vector<std::string> names;
  for (const TensorSpec& spec : file.specs()) names.push_back(spec.name);
  EXPECT_THAT(names, ElementsAre("z", "a"));
}

}  // namespace
}  // namespace isoframe::model::checkpoint
