#pragma once
// Regular expressions over UTF-8 (PCRE2, compiled to machine code where it can).

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace isoframe::model::text {

class Regex {
 public:
  /// `pattern` with Unicode properties; "\s" means White_Space, as in the `tokenizers` library, where PCRE2's
  /// own takes in U+180E too.  Throws InputError naming `origin` for a pattern that does not compile.
  Regex(const std::string& pattern, const std::string& origin);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  /// The first match at or after byte `start`: the whole match, then the groups up to the last that took
  /// part, a view without data for one that did not.  Empty when nothing matches.  `subject` must be valid
  /// UTF-8.
  std::vector<std::string_view> find(std::string_view subject, std::size_t start) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isoframe::model::text
