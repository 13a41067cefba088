#include "harness/compare/comparability.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/list.h"

namespace isoframe::harness::compare {

namespace {

using metrics::VideoInfo;
using Numbers = std::vector<std::int64_t>;

[[noreturn]] void not_comparable(const std::string& why) { throw InputError("not comparable: " + why); }

Numbers without(const Numbers& numbers, const Numbers& others) {
  Numbers rest;
  std::set_difference(numbers.begin(), numbers.end(), others.begin(), others.end(), std::back_inserter(rest));
  return rest;
}

/// Numbers between the first and the last that are missing, a few beyond those that are shown at most.
Numbers gaps(const Numbers& numbers) {
  constexpr std::size_t kEnough = 100;
  Numbers missing;
  for (std::size_t k = 1; k < numbers.size(); ++k)
    for (std::int64_t n = numbers[k - 1] + 1; n < numbers[k] && missing.size() < kEnough; ++n)
      missing.push_back(n);
  return missing;
}

/// "frame 4", "frames 3, 7 and 2 more"; of `count` where `numbers` are only the first of them.
std::string frames_of(const Numbers& numbers, std::optional<std::size_t> count = std::nullopt) {
  constexpr std::size_t kShown = 10;
  std::vector<std::string> texts;
  for (const std::int64_t number : numbers) texts.push_back(std::to_string(number));
  return fmt::format("frame{} {}", numbers.size() == 1 ? "" : "s", base::list_of(texts, kShown, count));
}

/// The frames that are missing between the first number and the last.
std::string missing_of(const Numbers& numbers) {
  const auto span = static_cast<std::size_t>(numbers.back() - numbers.front()) + 1;
  return frames_of(gaps(numbers), span - numbers.size());
}

bool begins_by_convention(const Numbers& numbers) { return numbers.front() == 0 || numbers.front() == 1; }

void check_numbers(const Numbers& reference, const Numbers& candidate, std::vector<std::string>& notes) {
  const Numbers alone = without(reference, candidate), alone_too = without(candidate, reference);
  const Numbers missing = gaps(reference);
  if (alone.empty() && alone_too.empty()) {
    if (!missing.empty()) notes.push_back(fmt::format("{} missing on both sides", missing_of(reference)));
    return;
  }
  if (reference.size() == candidate.size() && missing.empty() && gaps(candidate).empty() &&
      begins_by_convention(reference) && begins_by_convention(candidate)) {
    notes.push_back(
        fmt::format("the reference's frames are numbered from {}, the candidate's from {}: paired in order",
                    reference.front(), candidate.front()));
    return;
  }
  std::vector<std::string> lonely;
  if (!alone.empty()) lonely.push_back(fmt::format("{} of the reference", frames_of(alone)));
  if (!alone_too.empty()) lonely.push_back(fmt::format("{} of the candidate", frames_of(alone_too)));
  not_comparable(
      fmt::format("no partner for {}; frames of two folders are paired by the numbers in their names",
                  fmt::join(lonely, " and for ")));
}

/// A gap tells of a lost frame, though nothing on the other side says which number a frame has.
void note_gaps(const VideoInfo& info, const char* side, std::vector<std::string>& notes) {
  const Numbers missing = gaps(info.numbers);
  if (!missing.empty())
    notes.push_back(
        fmt::format("{} missing in the {}: its frames were taken in order", missing_of(info.numbers), side));
}

}  // namespace

void check_lengths(std::int64_t reference, std::int64_t candidate) {
  if (reference != candidate)
    not_comparable(
        fmt::format("the reference has {} frames, the candidate {}; frame k is only compared with "
                    "frame k, so give both the same length",
                    reference, candidate));
}

void check_comparable(const VideoInfo& reference, const VideoInfo& candidate,
                      std::vector<std::string>& notes) {
  if (reference.height != candidate.height || reference.width != candidate.width)
    not_comparable(
        fmt::format("the reference is {} x {} pixels (height x width), the candidate {} x {}; "
                    "frames are not stretched",
                    reference.height, reference.width, candidate.height, candidate.width));
  if (!reference.numbers.empty() && !candidate.numbers.empty()) {
    check_numbers(reference.numbers, candidate.numbers, notes);
  } else {
    note_gaps(reference, "reference", notes);
    note_gaps(candidate, "candidate", notes);
  }
  if (reference.frames && candidate.frames) check_lengths(*reference.frames, *candidate.frames);
}

void check_rates(const VideoInfo& reference, const VideoInfo& candidate, bool any_rate,
                 std::vector<std::string>& notes) {
  constexpr double kSame = 1e-4, kDigits = 1e-9;
  if (!reference.timing || !candidate.timing) return;
  const metrics::Timing &expected = *reference.timing, &actual = *candidate.timing;
  if (std::abs(expected.rate() / actual.rate() - 1.0) <= kSame) return;
  const std::string rates = fmt::format("the reference has {:.4g} frames a second, the candidate {:.4g}",
                                        expected.rate(), actual.rate());
  if (std::abs(expected.span - actual.span) <= expected.rounding + actual.rounding + kDigits) {
    notes.push_back(rates + ", which is no more than containers round times by");
  } else if (any_rate) {
    notes.push_back(rates + ": compared all the same, as --any-rate asks");
  } else {
    not_comparable(rates + "; frame k of both would be other moments; --any-rate compares them all the same");
  }
}

}  // namespace isoframe::harness::compare
