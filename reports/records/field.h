#pragma once
// One row of a record's table.  A record is a struct with a static function `fields()` that returns a tuple
// of such rows; JSON both ways, its errors and the list of fields in README.md follow from it (codec.h).
// The function is a template, so that a source which only uses the record does not compile its table.

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

template <typename Record, typename Member>
struct Field {
  const char* name;  ///< key in JSON
  Member Record::*member;
  const char* unit;     ///< "s", "bytes", "dB", ...; empty where there is none
  const char* meaning;  ///< one sentence, or part of one, for README.md
  Presence presence;
  Comparison comparison = Comparison::kNone;
  bool may_be_non_finite = false;  ///< infinity and NaN are values of it; elsewhere they are errors
};

template <typename Record, typename Member>
constexpr Field<Record, Member> field(const char* name, Member Record::*member, const char* unit,
                                      const char* meaning, Presence presence = Presence::kAlways) {
  return {name, member, unit, meaning, presence};
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

/// The table of a type that is declared elsewhere; specialized in metrics.h.
template <typename Record>
struct TableOf {};

}  // namespace isoframe::reports::records
