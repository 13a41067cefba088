#pragma once
// Words quoted so that a POSIX shell reads them back unchanged.

#include <string>
#include <string_view>
#include <vector>

namespace isoframe::base {

/// The word unchanged if a shell reads it as one word, else in single quotes; one that is not UTF-8, which
/// documents could not show, as "$(printf 'caf\\351')".
std::string shell_quoted(std::string_view word);

/// A command line: every word quoted, one space between them.
std::string shell_quoted(const std::vector<std::string>& words);

}  // namespace isoframe::base
