#pragma once
// The words of records: enumerations, each with the text of its values.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace isoframe::reports::records {

/// The outcome of a case.
enum class Verdict { kPassed, kFailed, kUntrusted, kSkipped, kError };

/// The outcome of a case's rounds: all ended well, or one failed.
enum class Status { kOk, kError };

/// A thing that is judged beside an earlier run.
enum class Subject { kFrames, kMemory, kLatency };

/// The promise of a layout's frames: the bits of a single device, or a bound on the difference.
enum class NumericsClass { kIdentical, kBounded };

/// The way in which a tensor differs from the baseline's at a probe point.
enum class DivergenceKind {
  kValues,   ///< the same shape, other values
  kShape,    ///< no part of the baseline's tensor: another shape, or a share that does not fit
  kMissing,  ///< the baseline comes by here, no rank does
  kSurplus,  ///< a rank comes by here, the baseline does not
  kGap,      ///< a part of the baseline's tensor is on no rank
};

/// The part of a generation that a locked run compares.
enum class LockedPart { kText, kTransformer, kDecode };

/// The verdict on a machine.
enum class Fitness {
  kFit,
  kUnfit,
  kUnfinished,  ///< the time asked for is not over, and no fault was seen
  kDisturbed,   ///< no fault was seen, but something else ran beside too many repetitions to judge rates
};

/// The verdict on two videos.
enum class Likeness { kIdentical, kEqual8Bit, kDifferent, kUntrusted };

/// The kind of a rank's warning.
enum class WarningKind {
  kUnusedTensors,  ///< the checkpoint holds tensors that the model does not ask for
  kCutText,        ///< an encoder takes only the beginning of a prompt
};

/// The texts of an enumeration's values; specialized below.
template <typename Enumeration>
struct Names {};

template <typename Enumeration, std::size_t N>
using NameTable = std::array<std::pair<Enumeration, const char*>, N>;

template <>
struct Names<Verdict> {
  static constexpr NameTable<Verdict, 5> all = {{{Verdict::kPassed, "passed"},
                                                 {Verdict::kFailed, "failed"},
                                                 {Verdict::kUntrusted, "untrusted"},
                                                 {Verdict::kSkipped, "skipped"},
                                                 {Verdict::kError, "error"}}};
};
template <>
struct Names<Status> {
  static constexpr NameTable<Status, 2> all = {{{Status::kOk, "ok"}, {Status::kError, "error"}}};
};
template <>
struct Names<Subject> {
  static constexpr NameTable<Subject, 3> all = {
      {{Subject::kFrames, "frames"}, {Subject::kMemory, "memory"}, {Subject::kLatency, "latency"}}};
};
template <>
struct Names<NumericsClass> {
  static constexpr NameTable<NumericsClass, 2> all = {
      {{NumericsClass::kIdentical, "identical"}, {NumericsClass::kBounded, "bounded"}}};
};
template <>
struct Names<DivergenceKind> {
  static constexpr NameTable<DivergenceKind, 5> all = {{{DivergenceKind::kValues, "values"},
                                                        {DivergenceKind::kShape, "shape"},
                                                        {DivergenceKind::kMissing, "missing"},
                                                        {DivergenceKind::kSurplus, "surplus"},
                                                        {DivergenceKind::kGap, "gap"}}};
};
template <>
struct Names<LockedPart> {
  static constexpr NameTable<LockedPart, 3> all = {{{LockedPart::kText, "text"},
                                                    {LockedPart::kTransformer, "transformer"},
                                                    {LockedPart::kDecode, "decode"}}};
};
template <>
struct Names<Fitness> {
  static constexpr NameTable<Fitness, 4> all = {{{Fitness::kFit, "fit"},
                                                 {Fitness::kUnfit, "unfit"},
                                                 {Fitness::kUnfinished, "unfinished"},
                                                 {Fitness::kDisturbed, "disturbed"}}};
};
template <>
struct Names<Likeness> {
  static constexpr NameTable<Likeness, 4> all = {{{Likeness::kIdentical, "identical"},
                                                  {Likeness::kEqual8Bit, "equal_8bit"},
                                                  {Likeness::kDifferent, "different"},
                                                  {Likeness::kUntrusted, "untrusted"}}};
};

template <>
struct Names<WarningKind> {
  static constexpr NameTable<WarningKind, 2> all = {
      {{WarningKind::kUnusedTensors, "unused_tensors"}, {WarningKind::kCutText, "cut_text"}}};
};

/// A value's text.
template <typename Enumeration>
requires requires { Names<Enumeration>::all; }
constexpr const char* name_of(Enumeration value) {
  for (const auto& [candidate, name] : Names<Enumeration>::all)
    if (candidate == value) return name;
  return "";
}

/// The value of that text, none for another.
template <typename Enumeration>
std::optional<Enumeration> named_as(std::string_view text) {
  for (const auto& [candidate, name] : Names<Enumeration>::all)
    if (text == name) return candidate;
  return std::nullopt;
}

}  // namespace isoframe::reports::records
