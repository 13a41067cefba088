#pragma once
// Numbers and texts in a picture file's bytes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace isoframe::model::vision {

using Bytes = std::span<const std::uint8_t>;

/// Thrown where bytes go on beyond their end.
struct EndsEarly {};

inline Bytes part(Bytes bytes, std::size_t offset, std::size_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) throw EndsEarly();
  return bytes.subspan(offset, size);
}

inline std::uint64_t big_endian(Bytes bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : part(bytes, offset, size)) value = value << 8U | byte;
  return value;
}

inline std::uint64_t little_endian(Bytes bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  const Bytes digits = part(bytes, offset, size);
  for (auto byte = digits.rbegin(); byte != digits.rend(); ++byte) value = value << 8U | *byte;
  return value;
}

inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline bool begins_with(Bytes bytes, std::string_view text) { return text_of(bytes).starts_with(text); }

}  // namespace isoframe::model::vision
