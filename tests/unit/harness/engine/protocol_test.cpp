#include "harness/engine/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::harness::engine {
namespace {

using launch::Progress;
using launch::RankError;
using nlohmann::json;
using testing::HasSubstr;

TEST(Protocol, ARequestIsTheSameAtBothEnds) {
  const Request load{.id = 1,
                     .ask = Ask::kLoad,
                     .spec = {{"steps", 2}},
                     .store = "/a b/store",
                     .directory = {},
                     .noise = {},
                     .observation = {}};
  const Request read = request_from_line(to_line(load));
  EXPECT_EQ(read.id, 1);
  EXPECT_EQ(read.ask, Ask::kLoad);
  EXPECT_EQ(read.spec, load.spec);
  EXPECT_EQ(read.store, load.store);
  EXPECT_TRUE(read.observation.is_null());
  const Request observe{.id = 2,
                        .ask = Ask::kObserve,
                        .spec = {{"steps", 2}},
                        .store = {},
                        .directory = "/d\xff",
                        .noise = "/n",
                        .observation = {{"kind", 1}}};
  EXPECT_EQ(request_from_line(to_line(observe)).directory, observe.directory);
  EXPECT_EQ(request_from_line(to_line(observe)).observation, observe.observation);
  EXPECT_EQ(request_from_line(to_line(observe)).noise, "/n");
  EXPECT_EQ(request_from_line(to_line({.id = 3,
                                       .ask = Ask::kGenerate,
                                       .spec = json::object(),
                                       .store = {},
                                       .directory = {},
                                       .noise = {},
                                       .observation = {}}))
                .directory,
            "");
  EXPECT_EQ(to_line({.id = 4,
                     .ask = Ask::kExit,
                     .spec = {},
                     .store = {},
                     .directory = {},
                     .noise = {},
                     .observation = {}}),
            "{\"id\":4,\"request\":\"exit\"}\n");
}

TEST(Protocol, AnAnswerIsTheSameAtBothEnds) {
  const auto back = [](const Answer& answer) { return answer_from_line(3, to_line(answer)); };
  const Answer hello = back({{},
                             Hello{.protocol = 1,
                                   .engine = "x",
                                   .version = "2",
                                   .rank = 3,
                                   .pid = 77,
                                   .capabilities = {.tasks = {{"t2v"}}, .takes_noise = false}}});
  const Capabilities& can = std::get<Hello>(hello.what).capabilities;
  EXPECT_THAT(can.tasks, testing::Optional(testing::ElementsAre("t2v")));
  EXPECT_EQ(can.layouts, std::nullopt) << "what it leaves out rules nothing out";
  EXPECT_FALSE(can.takes_noise);
  EXPECT_EQ(std::get<Hello>(hello.what).pid, 77);
  EXPECT_EQ(std::get<Hello>(hello.what).version, "2");
  EXPECT_EQ(std::get<Loaded>(back({5, Loaded{1.5}}).what).seconds, 1.5);
  const Answer progress = back({6, Progress{.rank = 3, .stage = "decode.tile", .index = 4, .of = 9}});
  EXPECT_EQ(progress.id, 6);
  EXPECT_EQ(std::get<Progress>(progress.what).rank, 3);
  EXPECT_EQ(std::get<Progress>(progress.what).of, 9);
  EXPECT_TRUE(std::holds_alternative<Done>(back({7, Done{}}).what));
  const Answer error = back({8, RankError{RankError::Kind::kUnsupported, "two\nlines \xff"}});
  EXPECT_EQ(std::get<RankError>(error.what).kind, RankError::Kind::kUnsupported);
  EXPECT_THAT(std::get<RankError>(error.what).message, HasSubstr("two\nlines"));
  EXPECT_EQ(back({{}, RankError{}}).id, std::nullopt);
  EXPECT_EQ(to_line({7, Done{}}).find('\n') + 1, to_line({7, Done{}}).size());
}

TEST(Protocol, UnknownFieldsAreIgnoredAndOtherLinesQuoted) {
  EXPECT_TRUE(
      std::holds_alternative<Done>(answer_from_line(0, R"({"answer": "done", "id": 1, "later": []})").what));
  const auto why = [](const std::string& line) -> std::string {
    try {
      answer_from_line(0, line);
    } catch (const InputError& error) {
      return error.what();
    }
    return "it was taken";
  };
  EXPECT_EQ(why("Loading..."), "'Loading...' is not an answer: no JSON object");
  EXPECT_THAT(why("[1]"), HasSubstr("no JSON object"));
  EXPECT_THAT(why(R"({"answer": "done"})"), HasSubstr("'id'"));
  EXPECT_THAT(why(R"({"answer": "well", "id": 1})"), HasSubstr("'well' is not known"));
  EXPECT_THAT(why(R"({"answer": "progress", "id": 1})"), HasSubstr("no stage"));
  EXPECT_THAT(why(R"({"answer": "error", "id": 1, "kind": "input", "message": 3})"),
              HasSubstr("is not an answer"));
  EXPECT_LT(why(std::string(100'000, 'x')).size(), 400u);
  EXPECT_THROW(request_from_line(R"({"id": 1, "request": "dance"})"), InputError);
  EXPECT_THROW(request_from_line(R"({"id": 1, "request": "load"})"), InputError);
}

}  // namespace
}  // namespace isoframe::harness::engine
