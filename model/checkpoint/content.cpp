#include "model/checkpoint/content.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>
#include <xxhash.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file_descriptor.h"
#include "model/checkpoint/fingerprint.h"

namespace isoframe::model::checkpoint {

namespace fs = std::filesystem;

namespace {

/// A file is hashed in pieces of this size, of which each thread takes the next.
constexpr std::size_t kPiece = 16U << 20U;
constexpr std::size_t kMostThreads = 8;

std::string hexadecimal(XXH64_hash_t hash) { return fmt::format("{:016x}", hash); }

/// The hash of one piece; false if it could not be read.
bool hash_piece(int descriptor, std::size_t index, std::vector<char>& buffer, XXH64_hash_t& hash) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const auto at = static_cast<off_t>(index * kPiece + filled);
    const ssize_t count = ::pread(descriptor, buffer.data() + filled, buffer.size() - filled, at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  hash = XXH3_64bits(buffer.data(), filled);
  return true;
}

/// Hashes the whole file; false if it could not be read.
bool hash_file(int descriptor, std::size_t size, std::string& fingerprint) {
  std::vector<XXH64_hash_t> pieces(size / kPiece + 1);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    std::vector<char> buffer(std::min(kPiece, size + 1));
    for (std::size_t index = next++; index < pieces.size() && !failed; index = next++)
      if (!hash_piece(descriptor, index, buffer, pieces[index])) failed = true;
  };
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> threads;
  while (threads.size() + 1 < std::min({cores, kMostThreads, pieces.size()})) threads.emplace_back(work);
  work();
  threads.clear();
  fingerprint = hexadecimal(XXH3_64bits(pieces.data(), pieces.size() * sizeof(XXH64_hash_t)));
  return !failed;
}

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

}  // namespace

ContentFingerprints::Identity ContentFingerprints::identity_of(int descriptor) {
  struct stat found {};
  if (::fstat(descriptor, &found) != 0) return {};
  return {.device = found.st_dev,
          .inode = found.st_ino,
          .size = static_cast<std::uint64_t>(found.st_size),
          .modified = nanoseconds(found.st_mtim),
          .changed = nanoseconds(found.st_ctim)};
}

std::map<std::string, std::string> ContentFingerprints::of_checkpoint(const fs::path& directory) {
  std::map<std::string, std::string> parts;
  for (const fs::path& name : files_of_checkpoint(directory))
    parts[name.begin()->string()] += fmt::format("{} {}\n", name.generic_string(), of_file(directory / name));
  for (auto& [part, text] : parts) text = hexadecimal(XXH3_64bits(text.data(), text.size()));
  return parts;
}

std::string state_of_checkpoint(const fs::path& directory) {
  std::string state;
  for (const fs::path& name : files_of_checkpoint(directory)) {
    struct stat found {};
    ::stat((directory / name).c_str(), &found);
    state += fmt::format("{} {} {} {} {}\n", name.generic_string(), found.st_dev, found.st_ino, found.st_size,
                         nanoseconds(found.st_ctim));
  }
  return state;
}

std::string ContentFingerprints::of_file(const fs::path& file) {
  const base::FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const Identity identity = opened.open() ? identity_of(opened.get()) : Identity();
  Known& known = known_[file];
  if (!known.fingerprint.empty() && known.identity == identity) return known.fingerprint;
  if (!opened.open() || !hash_file(opened.get(), identity.size, known.fingerprint)) {
    const int why = errno;
    known_.erase(file);
    throw InputError(fmt::format("{}: cannot be read: {}", file.string(), std::strerror(why)));
  }
  known.identity = identity;
  return known.fingerprint;
}

}  // namespace isoframe::model::checkpoint
