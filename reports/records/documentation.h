#pragma once
// The list of fields in README.md, made from the records' own tables.

#include <map>
#include <string>

namespace isoframe::reports::records {

/// Markdown by file ("result.json"): a table of its fields, then a section with a table for each record
/// inside it.  A record that stands in several places is described at the first and linked to from the
/// others.
std::map<std::string, std::string> documentation();

}  // namespace isoframe::reports::records
