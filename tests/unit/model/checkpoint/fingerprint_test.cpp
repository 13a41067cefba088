#include "model/checkpoint/fingerprint.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/checkpoint/safetensors.h"
#include "tests/unit/model/checkpoint/files.h"

namespace isoframe::model::checkpoint {
namespace {

using testing::ElementsAre;
using testing::Key;

class Fingerprint : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("model_index.json", "{}");
    folder_.write("vae/config.json", R"({"width": 1})");
    write_weights(at::zeros({2, 3}));
  }
  void write_weights(const at::Tensor& value) {
    write_safetensors(folder_ / "vae/model.safetensors", {{"weight", value}});
  }
  std::string of(const std::string& part) const { return fingerprints(folder_.path()).at(part); }

  TestFolder folder_;
};

TEST_F(Fingerprint, HasOnePrintAPart) {
  EXPECT_THAT(fingerprints(folder_.path()), ElementsAre(Key("model_index.json"), Key("vae")));
  EXPECT_EQ(of("vae").size(), 12U);
}

TEST_F(Fingerprint, ChangesWithConfigsShapesAndDtypes) {
  const std::string before = of("vae"), index = of("model_index.json");
  write_weights(at::zeros({3, 2}));
  const std::string transposed = of("vae");
  EXPECT_NE(transposed, before);
  write_weights(at::zeros({3, 2}, at::kInt));
  EXPECT_NE(of("vae"), transposed);
  write_weights(at::zeros({2, 3}));
  EXPECT_EQ(of("vae"), before);
  folder_.write("vae/config.json", R"({"width": 2})");
  EXPECT_NE(of("vae"), before);
  EXPECT_EQ(of("model_index.json"), index);
}

TEST_F(Fingerprint, WeightsAndNotesAreNotRead) {
  const std::string before = of("vae");
  write_weights(at::ones({2, 3}));
  folder_.write("vae/README.md", "read me");
  folder_.write(".cache/model.json", "{}");
  EXPECT_EQ(of("vae"), before);
  EXPECT_EQ(fingerprints(folder_.path()).size(), 2U);
}

TEST_F(Fingerprint, OfAFileIsOfItsBytes) {
  EXPECT_EQ(fingerprint_of_file(folder_ / "none"), "none");
  EXPECT_NE(fingerprint_of_file(folder_ / "model_index.json"),
            fingerprint_of_file(folder_ / "vae/config.json"));
}

}  // namespace
}  // namespace isoframe::model::checkpoint
