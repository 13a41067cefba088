#include "harness/measure/computing_libraries.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <link.h>
#include <optional>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "harness/measure/key_lines.h"

namespace isoframe::harness::measure {

namespace fs = std::filesystem;

namespace {

/// Parts of the file names of libraries that compute.
constexpr std::array<std::string_view, 11> kComputing = {"torch", "c10",  "gomp",   "iomp",  "mkl",  "gloo",
                                                         "nccl",  "cuda", "cublas", "cudnn", "libm."};

constexpr std::size_t aligned(std::size_t size) { return (size + 3) / 4 * 4; }

/// The build ID among the notes of a segment, in hexadecimal digits.
std::optional<std::string> build_id_in(const char* notes, std::size_t size) {
  for (std::size_t at = 0; at + sizeof(ElfW(Nhdr)) <= size;) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes + at, sizeof(header));
    const std::size_t name = at + sizeof(header), description = name + aligned(header.n_namesz);
    const std::size_t end = description + aligned(header.n_descsz);
    if (end > size) break;
    const std::string_view owner(notes + name, header.n_namesz);
    if (header.n_type == NT_GNU_BUILD_ID && owner == std::string_view("GNU\0", 4)) {
      std::string digits;
      for (std::size_t i = 0; i < header.n_descsz; ++i)
        digits += fmt::format("{:02x}", static_cast<unsigned char>(notes[description + i]));
      return digits;
    }
    at = end;
  }
  return std::nullopt;
}

std::optional<std::string> build_id_of(const dl_phdr_info& object) {
  for (int index = 0; index < object.dlpi_phnum; ++index) {
    const ElfW(Phdr)& segment = object.dlpi_phdr[index];
    if (segment.p_type != PT_NOTE) continue;
    // The loader gives addresses as numbers.
    const auto* notes = reinterpret_cast<const char*>(object.dlpi_addr + segment.p_vaddr);
    if (auto found = build_id_in(notes, segment.p_memsz)) return found;
  }
  return std::nullopt;
}

int add_library(dl_phdr_info* object, std::size_t /*size*/, void* libraries) {
  const fs::path file = object->dlpi_name;
  const std::string name = file.filename().string();
  const auto is_in_name = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  if (!std::ranges::any_of(kComputing, is_in_name)) return 0;
  std::error_code unknown;
  const auto by_size = [&] { return fmt::format("{} bytes", fs::file_size(file, unknown)); };
  const std::optional<std::string> build_id = build_id_of(*object);
  (*static_cast<std::map<std::string, std::string>*>(libraries))[name] = build_id ? *build_id : by_size();
  return 0;
}

/// The version in "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue ...".
std::string driver_version() {
  constexpr std::string_view kBefore = "Module";
  std::ifstream stream("/proc/driver/nvidia/version");
  std::string line;
  std::getline(stream, line);
  const std::size_t before = line.find(kBefore);
  if (before == std::string::npos) return line;
  const std::size_t first = line.find_first_of("0123456789", before + kBefore.size());
  return first == std::string::npos ? line : line.substr(first, line.find(' ', first) - first);
}

}  // namespace

std::map<std::string, std::string> computing_libraries() {
  std::map<std::string, std::string> libraries;
  ::dl_iterate_phdr(add_library, &libraries);
  return libraries;
}

std::vector<std::string> gpus() {
  std::vector<std::string> found;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc/driver/nvidia/gpus", none))
    found.push_back(fmt::format("{}, driver {}",
                                value_in(text_of_file(entry.path() / "information"), "Model", ':'),
                                driver_version()));
  std::ranges::sort(found);
  return found;
}

}  // namespace isoframe::harness::measure
