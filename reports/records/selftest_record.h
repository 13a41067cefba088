#pragma once
// What `isoframe selftest` prints with --json.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/divergence.h"
#include "reports/records/field.h"

namespace isoframe::reports::records {

/// Where a planted fault must be found; a field that is left out is not looked at.
struct ExpectedPlace {
  std::string stage;
  std::string point = {};
  std::optional<std::int64_t> step = {}, block = {}, tile = {};
  std::string branch = {};
  std::vector<int> ranks = {};

  static constexpr auto fields() {
    using T = ExpectedPlace;
    return std::tuple{
        field("stage", &T::stage, "", "outermost stage"),
        field("point", &T::point, "", "probe point; empty for a fault of time or memory"),
        field("step", &T::step, "", "denoising step", Presence::kOmitted),
        field("block", &T::block, "", "block", Presence::kOmitted),
        field("tile", &T::tile, "", "tile", Presence::kOmitted),
        field("branch", &T::branch, "", "`conditional` or `unconditional`", Presence::kOmitted),
        field("ranks", &T::ranks, "", "that differ there", Presence::kOmitted),
    };
  }
};

/// A stage that is slower on a rank, or keeps more memory there, than without the fault.
struct ResourcePlace {
  std::string stage;
  std::optional<std::int64_t> step;
  std::string point;
  std::vector<int> ranks;

  static constexpr auto fields() {
    using T = ResourcePlace;
    return std::tuple{
        field("stage", &T::stage, "", "outermost stage"),
        field("step", &T::step, "", "denoising step; null for a whole stage", Presence::kNull),
        field("point", &T::point, "", "empty"),
        field("ranks", &T::ranks, "", "the one rank"),
    };
  }
};

/// A planted fault and what came of it.
struct FaultRecord {
  std::string name, what, layout, task;
  bool caught = false, located = false;
  std::string gate, error;
  ExpectedPlace expected;
  std::optional<std::variant<DivergencePlace, ResourcePlace>> found;
  std::string sentence;
  double seconds = 0.0;

  static constexpr auto fields() {
    using T = FaultRecord;
    return std::tuple{
        field("name", &T::name, "", "the fault's"),
        field("what", &T::what, "", "the bug, in a sentence"),
        field("layout", &T::layout, "", "of the run that it was planted in"),
        field("task", &T::task, "", "`t2v` or `i2v`"),
        field("caught", &T::caught, "", "whether a gate broke"),
        field("located", &T::located, "", "whether what was found is what was planted"),
        field("gate", &T::gate, "",
              "that broke: `identical` or `relative_l2_max` of the frames, `finished` if a rank threw, "
              "`latency` or "
              "`memory` against sound runs",
              Presence::kNull),
        field("error", &T::error, "", "what a rank threw", Presence::kNull),
        field("expected", &T::expected, "", "where it must be found"),
        field("found", &T::found, "", "where it was found", Presence::kNull),
        field("sentence", &T::sentence, "", "`found` in words"),
        field("seconds", &T::seconds, "s", "that this took"),
    };
  }
};

/// A layout's run without any fault, which must show none.
struct SoundRecord {
  std::string task, layout;
  bool passed = false;
  std::string reason;

  static constexpr auto fields() {
    using T = SoundRecord;
    return std::tuple{
        field("task", &T::task, "", "`t2v` or `i2v`"),
        field("layout", &T::layout, "", "in canonical spelling"),
        field("passed", &T::passed, "", "whether nothing was found"),
        field("reason", &T::reason, "", "why not"),
    };
  }
};

struct SelftestRecord {
  std::vector<FaultRecord> faults;
  std::vector<SoundRecord> sound;
  std::size_t caught = 0, located = 0;
  bool passed = false;

  static constexpr auto fields() {
    using T = SelftestRecord;
    return std::tuple{
        field("faults", &T::faults, "", "one a planted fault"),
        field("sound", &T::sound, "", "one a layout without a fault"),
        field("caught", &T::caught, "", "how many faults"),
        field("located", &T::located, "", "how many faults"),
        field("passed", &T::passed, "", "whether all were caught and located, and sound runs passed"),
    };
  }
};

nlohmann::json to_json(const ExpectedPlace& record);
nlohmann::json to_json(const SelftestRecord& record);

}  // namespace isoframe::reports::records
