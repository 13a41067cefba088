#pragma once
// Texts of lines "key<separator>value", as the kernel and distributions describe a machine in.

#include <string>
#include <string_view>

namespace isoframe::harness::measure {

/// The text of a file; empty if it cannot be read, as on a machine that does not have it.
std::string text_of_file(const std::string& file);

/// The value of the first line "key<separator>value" of a text, without quotes; empty where there is none.
std::string value_in(std::string_view text, std::string_view key, char separator);

}  // namespace isoframe::harness::measure
