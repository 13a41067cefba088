#pragma once
// Values over any number of repetitions in bounded memory.

#include <optional>
#include <string>

#include "metrics/statistics.h"
#include "reports/records/qualify_evidence.h"

namespace isoframe::harness::qualify {

/// The most values that a series keeps.
inline constexpr std::size_t kMostSamples = 128;

/// Adds a value.  When a series is full every other value goes, so that those kept stay spread evenly over
/// all repetitions.
void add(reports::records::Series& series, double value);

/// The same.  The first undisturbed value replaces all disturbed ones, and none of those is taken after it.
void add(reports::records::JudgedSeries& series, double value, bool is_disturbed);

/// Count, minimum and maximum of all values, median of those kept; nothing for an empty series.
std::optional<metrics::Summary> summary_of(const reports::records::Series& series);

/// Ratio of the last third's median to the first's; nothing if it cannot be told.
std::optional<double> drift_of(const reports::records::Series& series);

/// Throws InputError naming the `field` for a series that add() has not made of values that are not negative.
void check(const reports::records::Series& series, const std::string& field);

}  // namespace isoframe::harness::qualify
