#include "model/checkpoint/config.h"

#include <gmock/gmock.h>

#include "tests/unit/model/checkpoint/files.h"

namespace isoframe::model::checkpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Config example() {
  return Config(nlohmann::json::parse(R"({"layers": 3, "eps": 1e-6, "axes": [1, 2], "name": "x", "flag": true,
                                          "nothing": null, "rope": {"theta": 7.5}})"),
                "vae/config.json");
}

TEST(Config, GivesValuesByKey) {
  const Config config = example();
  EXPECT_EQ(config.integer("layers"), 3);
  EXPECT_EQ(config.number("layers"), 3.0);
  EXPECT_EQ(config.number("eps"), 1e-6);
  EXPECT_EQ(config.text("name"), "x");
  EXPECT_TRUE(config.boolean("flag"));
  EXPECT_THAT(config.integers("axes"), ElementsAre(1, 2));
  EXPECT_EQ(config.object("rope").number("theta"), 7.5);
}

TEST(Config, TakesTheDefaultOnlyWhereAKeyIsMissingOrNull) {
  const Config config = example();
  EXPECT_EQ(config.integer("absent", 5), 5);
  EXPECT_EQ(config.integer("nothing", 5), 5);
  EXPECT_EQ(config.integer("layers", 5), 3);
  EXPECT_THROW(config.integer("name", 5), InputError);
}

TEST(Config, ErrorsNameFileAndKey) {
  const Config config = example();
  EXPECT_EQ(input_error([&] { config.integer("absent"); }), "vae/config.json: 'absent' is missing");
  EXPECT_EQ(input_error([&] { config.integer("nothing"); }),
            "vae/config.json: 'nothing' is null, but a value is needed");
  EXPECT_EQ(input_error([&] { config.integer("eps"); }),
            "vae/config.json: 'eps' must be an integer, but is 1e-06");
  EXPECT_EQ(input_error([&] { config.boolean("layers"); }),
            "vae/config.json: 'layers' must be true or false, but is 3");
  EXPECT_EQ(input_error([&] { config.object("rope").text("theta"); }),
            "vae/config.json: in 'rope': 'theta' must be a string, but is 7.5");
}

TEST(Config, KnowsDiffusersAndTransformersClasses) {
  const Config diffusers(nlohmann::json{{"_class_name", "Vae"}}, "a");
  const Config transformers(nlohmann::json{{"architectures", {"T5EncoderModel"}}}, "b");
  EXPECT_NO_THROW(diffusers.require_class("Vae"));
  EXPECT_NO_THROW(transformers.require_class("T5EncoderModel"));
  EXPECT_THAT(input_error([&] { diffusers.require_class("Other"); }), HasSubstr("a: '_class_name' is 'Vae'"));
  EXPECT_THAT(input_error([&] { transformers.require_class("Other"); }), HasSubstr("b: 'architectures' is"));
  EXPECT_THAT(input_error([&] { example().require_class("Other"); }), HasSubstr("'_class_name' is missing"));
}

TEST(Config, AFileThatIsNotAConfigIsNamed) {
  const TestFolder folder;
  EXPECT_THAT(input_error([&] { Config::load(folder / "absent.json"); }),
              HasSubstr("absent.json: cannot be read: No such file or directory"));
  EXPECT_THAT(input_error([&] { Config::load(folder.write("a.json", "{\"x\": ")); }),
              HasSubstr("a.json:1:7: not JSON: the file is damaged or was cut short"));
  EXPECT_THAT(input_error([&] { Config::load(folder.write("b.json", "[1]")); }),
              HasSubstr("b.json: must be a JSON object, but is array"));
}

}  // namespace
}  // namespace isoframe::model::checkpoint
