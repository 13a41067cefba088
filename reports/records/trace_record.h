#pragma once
// Records of traces: fingerprints.json, which describes what `isoframe trace` leaves, and what
// `isoframe locate --json` prints of two of them.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/records/divergence.h"
#include "reports/records/field.h"
#include "reports/records/origin.h"
#include "reports/records/rank.h"

namespace isoframe::reports::records {

/// The program that computed a trace.
struct EngineVersion {
  std::string name, version;

  template <typename T = EngineVersion>
  static constexpr auto fields() {
    return std::tuple{
        field("name", &T::name, "", "`isoframe`, `diffusers`, ..."),
        field("version", &T::version, "", "its version"),
    };
  }
};

/// The description of a trace: fingerprints.json.
struct TraceRecord {
  static constexpr int kFingerprint = 1;

  int schema_version = 1;
  int fingerprint = kFingerprint;
  EngineVersion engine;
  nlohmann::json spec;
  int ranks = 1;
  std::string parts_of;
  std::optional<Numerics> numerics;
  std::optional<double> reordered_l2;
  std::map<std::string, std::string> facts;
  std::optional<Origin> origin;

  template <typename T = TraceRecord>
  static constexpr auto fields() {
    return std::tuple{
        version(field("schema_version", &T::schema_version, "", "1")),
        version(field("fingerprint", &T::fingerprint, "", "version of the fingerprints: 1"), T::kFingerprint),
        field("engine", &T::engine, "", "what computed it"),
        field("case", &T::spec, "", "the whole case, as result.json has it"),
        positive(field("ranks", &T::ranks, "", "number of ranks that computed it")),
        field("parts_of", &T::parts_of, "",
              "with `--like`: the layout whose ranks' parts were recorded, in reference.json",
              Presence::kOmitted),
        field("numerics", &T::numerics, "", "what the layout promises against a single rank of the engine",
              Presence::kNull),
        not_negative(field("reordered_l2", &T::reordered_l2, "",
                           "relative L2 that another order of every sum accounts for: the tolerance against "
                           "another engine or build",
                           Presence::kNull)),
        field("facts", &T::facts, "", "what else an engine says computed it, as `loaded` does",
              Presence::kOmitted),
        field("origin", &T::origin, "", "build, machine and content of checkpoint and image; null if unknown",
              Presence::kNull),
    };
  }
};

nlohmann::json to_json(const TraceRecord& record);
TraceRecord trace_record_from_json(const nlohmann::json& json);

/// The probe point at which two traces are furthest apart.
struct LargestDifference {
  std::string place;
  double relative_l2 = 0.0;

  template <typename T = LargestDifference>
  static constexpr auto fields() {
    return std::tuple{
        field("place", &T::place, "", "the point with all stages around it"),
        any_number(field("relative_l2", &T::relative_l2, "", "relative L2 of the difference, estimated")),
    };
  }
};

/// Two traces, point by point: `locate --json`.
struct LocateRecord {
  std::string a, b;
  bool differs = false;
  std::string sentence;
  std::optional<DivergencePlace> first_divergence;
  std::string ranks_of;
  double tolerance = 0.0;
  std::string tolerance_from;
  std::int64_t compared = 0, only_in_a = 0, only_in_b = 0, not_comparable = 0;
  std::optional<LargestDifference> largest;
  std::vector<std::string> notes;

  template <typename T = LocateRecord>
  static constexpr auto fields() {
    return std::tuple{
        field("a", &T::a, "", "the trace that is right"),
        field("b", &T::b, "", "the trace that is held against it"),
        field("differs", &T::differs, "", "whether they part, beyond the tolerance"),
        field("sentence", &T::sentence, "", "all of it in one line"),
        field("first_divergence", &T::first_divergence, "",
              "where `b` first leaves `a`, which stands for the baseline; null where it does not",
              Presence::kNull),
        field("ranks_of", &T::ranks_of, "", "whose ranks `first_divergence` names: `a` or `b`",
              Presence::kOmitted),
        not_negative(field("tolerance", &T::tolerance, "",
                           "relative L2 up to which a point counts as equal; 0 for bit for bit")),
        field("tolerance_from", &T::tolerance_from, "", "why it is that"),
        not_negative(field("compared", &T::compared, "", "points that were compared")),
        not_negative(field("only_in_a", &T::only_in_a, "", "points that `b` lacks")),
        not_negative(field("only_in_b", &T::only_in_b, "", "points that `a` lacks")),
        not_negative(field("not_comparable", &T::not_comparable, "",
                           "points that both have, in parts of which no two are the same")),
        field("largest", &T::largest, "", "where they are furthest apart; null where all are equal",
              Presence::kNull),
        field("notes", &T::notes, "", "what else differs between them", Presence::kOmitted),
    };
  }
};

nlohmann::json to_json(const LocateRecord& record);
LocateRecord locate_record_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
