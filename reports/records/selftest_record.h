#pragma once
// Records of planted faults: what `isoframe selftest --json` prints.

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

/// The place where a planted fault must be found; a field that is left out is not looked at.
struct ExpectedPlace {
  std::string stage;
  std::string point = {};
  std::optional<std::int64_t> step = {}, block = {}, tile = {};
  std::string branch = {};
  std::vector<int> ranks = {};

  template <typename T = ExpectedPlace>
  static constexpr auto fields() {
    return std::tuple{
        field("stage", &T::stage, "", "outermost stage"),
        field("point", &T::point, "", "probe point; empty for a fault of time or memory"),
        field("step", &T::step, "", "denoising step that it must be found in", Presence::kOmitted),
        field("block", &T::block, "", "block that it must be found in", Presence::kOmitted),
        field("tile", &T::tile, "", "tile that it must be found in", Presence::kOmitted),
        field("branch", &T::branch, "", "`conditional` or `unconditional`", Presence::kOmitted),
        field("ranks", &T::ranks, "", "ranks that differ there", Presence::kOmitted),
    };
  }
};

/// A stage that is slower on a rank, or keeps more memory there, than without the fault.
struct ResourcePlace {
  std::string stage;
  std::optional<std::int64_t> step;
  std::string point;
  std::vector<int> ranks;

  template <typename T = ResourcePlace>
  static constexpr auto fields() {
    return std::tuple{
        field("stage", &T::stage, "", "outermost stage"),
        field("step", &T::step, "", "denoising step; null for a whole stage", Presence::kNull),
        field("point", &T::point, "", "always empty: a stage is not one point"),
        field("ranks", &T::ranks, "", "the rank, in a list"),
    };
  }
};

/// A planted fault and what came of it.
struct FaultRecord {
  std::string name, what, layout, task, dtype;
  bool caught = false, located = false;
  std::string gate, error, untrusted;
  std::optional<double> visible_slowdown;
  ExpectedPlace expected;
  std::optional<std::variant<DivergencePlace, ResourcePlace>> found;
  std::string sentence;
  double seconds = 0.0;

  template <typename T = FaultRecord>
  static constexpr auto fields() {
    return std::tuple{
        field("name", &T::name, "", "name of the fault"),
        field("what", &T::what, "", "the bug, in a sentence"),
        field("layout", &T::layout, "", "layout that it was planted in, in canonical spelling"),
        field("task", &T::task, "", "`t2v` or `i2v`"),
        field("dtype", &T::dtype, "", "what it computes in"),
        field("caught", &T::caught, "", "whether a gate broke"),
        field("located", &T::located, "", "whether what was found is what was planted"),
        field("gate", &T::gate, "",
              "gate that broke: `identical` or `relative_l2_max` of the frames, `locked` if a part or a step "
              "was too far, `finished` if a rank threw, `latency` or `memory` against sound runs",
              Presence::kNull),
        field("error", &T::error, "", "message of the exception that a rank threw", Presence::kNull),
        any_number(field(
            "visible_slowdown", &T::visible_slowdown, "",
            "for a fault of time: the smallest slow-down, as a part of the stage's time, that 90 of 100 such "
            "measurements on this machine see now, by the deviation of its own repetitions",
            Presence::kOmitted)),
        field(
            "untrusted", &T::untrusted, "",
            "why a fault of time that was not caught or located shows nothing: the machine is too noisy now "
            "to see one of its size",
            Presence::kNull),
        field("expected", &T::expected, "", "place where it must be found"),
        field(
            "found", &T::found, "",
            "place where it was found, as in `first_divergence`; for a fault of time or memory its `stage`, "
            "`step`, `point` and `ranks` only",
            Presence::kNull),
        field("sentence", &T::sentence, "", "`found` in words"),
        field("seconds", &T::seconds, "s", "time that this took"),
    };
  }
};

/// A layout's run without any fault, which must show none.
struct SoundRecord {
  std::string task, layout, dtype;
  bool passed = false;
  std::string reason;

  template <typename T = SoundRecord>
  static constexpr auto fields() {
    return std::tuple{
        field("task", &T::task, "", "`t2v` or `i2v`"),
        field("layout", &T::layout, "", "in canonical spelling"),
        field("dtype", &T::dtype, "", "what it computes in"),
        field("passed", &T::passed, "", "whether nothing was found"),
        field("reason", &T::reason, "", "reason why it did not pass"),
    };
  }
};

/// The outcome of all planted faults.
struct SelftestRecord {
  std::vector<FaultRecord> faults;
  std::vector<SoundRecord> sound;
  std::size_t caught = 0, located = 0, untrusted = 0;
  bool passed = false;

  template <typename T = SelftestRecord>
  static constexpr auto fields() {
    return std::tuple{
        field("faults", &T::faults, "", "planted faults"),
        field("sound", &T::sound, "", "the same layouts without a fault"),
        field("caught", &T::caught, "", "number of faults that were caught"),
        field("located", &T::located, "", "number of faults that were located"),
        field("untrusted", &T::untrusted, "", "number of faults that the machine was too noisy to see"),
        field("passed", &T::passed, "", "whether all were caught and located, and sound runs passed"),
    };
  }
};

nlohmann::json to_json(const ExpectedPlace& record);
nlohmann::json to_json(const SelftestRecord& record);

}  // namespace isoframe::reports::records
