#pragma once
// One row of a record's table.  A record is a struct with a static function `fields()` that returns a tuple
// of such rows; JSON both ways, its errors and the list of fields in README.md follow from it (codec.h).
// The function is a template, so that a source which only uses the record does not compile its table.

#include <string_view>

namespace isoframe::reports::records {

/// The way a field is written when it holds nothing, and the meaning of its absence when read.
enum class Presence {
  kAlways,   ///< written always; a file without it is damaged
  kNull,     ///< null while unset: not measured, or there is none; may be absent
  kOmitted,  ///< left out while unset or empty
  kAdded,    ///< written always; absent in files of earlier versions
  kInline,   ///< an optional record whose own fields stand beside the others: all of them, or none
};

/// The way a field of an environment decides whether times and bits of two runs are comparable.
enum class Comparison {
  kNone,   ///< not at all
  kEqual,  ///< only if their values are equal
  kNear,   ///< only if their values differ by less than a tenth: sizes that a kernel changes by some pages
};

/// The numbers that a field may hold, in lists and objects by name too.  Checked when written and when read.
enum class Range {
  kAny,
  kNotNegative,  ///< sizes, times and rates
  kPositive,     ///< a time that cannot have been measured as 0
  kVersion,      ///< a schema version that this program knows
};

/// Numbers in this unit are never negative.
constexpr bool is_amount(std::string_view unit) {
  return unit == "s" || unit == "bytes" || unit == "bytes/s" || unit == "FLOP/s";
}

template <typename Record, typename Member>
struct Field {
  const char* name;  ///< key in JSON
  Member Record::*member;
  const char* unit;     ///< "s", "bytes", "dB", ...; empty where there is none
  const char* meaning;  ///< one sentence, or part of one, for README.md
  Presence presence;
  Comparison comparison = Comparison::kNone;
  bool may_be_non_finite = false;  ///< infinity and NaN are values of it; elsewhere they are errors
  Range range = Range::kAny;
  int newest_version = 0;    ///< of Range::kVersion: the one that this program writes
  bool may_be_empty = true;  ///< as a list or an object by name, and each list in it
};

template <typename Record, typename Member>
constexpr Field<Record, Member> field(const char* name, Member Record::*member, const char* unit,
                                      const char* meaning, Presence presence = Presence::kAlways) {
  return {.name = name,
          .member = member,
          .unit = unit,
          .meaning = meaning,
          .presence = presence,
          .range = is_amount(unit) ? Range::kNotNegative : Range::kAny};
}

/// The same row, whose values must be equal.
template <typename Record, typename Member>
constexpr Field<Record, Member> compared(Field<Record, Member> row) {
  row.comparison = Comparison::kEqual;
  return row;
}

/// The same row, whose values must be near each other.
template <typename Record, typename Member>
constexpr Field<Record, Member> compared_roughly(Field<Record, Member> row) {
  row.comparison = Comparison::kNear;
  return row;
}

/// The same row with `may_be_non_finite` set.
template <typename Record, typename Member>
constexpr Field<Record, Member> any_number(Field<Record, Member> row) {
  row.may_be_non_finite = true;
  return row;
}

/// The same row, whose numbers must be 0 or more.
template <typename Record, typename Member>
constexpr Field<Record, Member> not_negative(Field<Record, Member> row) {
  row.range = Range::kNotNegative;
  return row;
}

/// The same row, whose numbers must be above 0.
template <typename Record, typename Member>
constexpr Field<Record, Member> positive(Field<Record, Member> row) {
  row.range = Range::kPositive;
  return row;
}

/// The same row, whose number is the file's schema version.  A file of a higher one than `newest` may mean
/// something else.
template <typename Record, typename Member>
constexpr Field<Record, Member> version(Field<Record, Member> row, int newest = 1) {
  row.range = Range::kVersion;
  row.newest_version = newest;
  return row;
}

/// The same row, which holds something, as every list in it does.
template <typename Record, typename Member>
constexpr Field<Record, Member> not_empty(Field<Record, Member> row) {
  row.may_be_empty = false;
  return row;
}

/// The table of a type that is declared elsewhere; specialized in metrics.h.
template <typename Record>
struct TableOf {};

}  // namespace isoframe::reports::records
