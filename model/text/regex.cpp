#include "model/text/regex.h"

#include <array>

#include <fmt/format.h>

#include "base/error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace isoframe::model::text {

namespace {

std::string message(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

std::string with_unicode_white_space(const std::string& pattern) {
  std::string result;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      result += pattern[i];
      continue;
    }
    const char escaped = pattern[++i];
    if (escaped == 's') {
      result += "\\p{White_Space}";
    } else if (escaped == 'S') {
      result += "\\P{White_Space}";
    } else {
      result += {'\\', escaped};
    }
  }
  return result;
}

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};
using MatchData = std::unique_ptr<pcre2_match_data, FreeMatch>;

}  // namespace

struct Regex::Impl {
  std::unique_ptr<pcre2_code, FreeCode> code;
};

Regex::Regex(const std::string& pattern, const std::string& origin) : impl_(std::make_unique<Impl>()) {
  const std::string translated = with_unicode_white_space(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  impl_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                  PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
  if (!impl_->code) {
    throw InputError(fmt::format("{}: regular expression '{}': {}", origin, pattern, message(error)));
  }
  // If the compiler fails (on a machine that forbids writable code), matching is slower, but the same.
  pcre2_jit_compile(impl_->code.get(), PCRE2_JIT_COMPLETE);
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

std::vector<std::string_view> Regex::find(std::string_view subject, std::size_t start) const {
  const MatchData match(pcre2_match_data_create_from_pattern(impl_->code.get(), nullptr));
  const int groups = pcre2_match(impl_->code.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()),
                                 subject.size(), start, PCRE2_NO_UTF_CHECK, match.get(), nullptr);
  if (groups == PCRE2_ERROR_NOMATCH) return {};
  if (groups < 0) throw RunError(fmt::format("regular expression: {}", message(groups)));
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(match.get());
  std::vector<std::string_view> result(static_cast<std::size_t>(groups));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const PCRE2_SIZE begin = bounds[2 * i];
    if (begin != PCRE2_UNSET) result[i] = subject.substr(begin, bounds[2 * i + 1] - begin);
  }
  return result;
}

}  // namespace isoframe::model::text
