#pragma once
// Fingerprints of what files hold, weights included, which are read again only when a file has changed.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace isoframe::model::checkpoint {

/// Fingerprints of content: 16 hexadecimal digits over all bytes, read by several threads.  A file's is kept
/// with its size, inode and times (the last change of inode among them, which no program can set), so that
/// asking again costs a look at each file and not another read of 30 GB.
class ContentFingerprints {
 public:
  /// By part ("transformer", "model_index.json"), over the same files as fingerprints() (fingerprint.h).
  std::map<std::string, std::string> of_checkpoint(const std::filesystem::path& directory);
  /// Throws InputError naming a file that cannot be read.
  std::string of_file(const std::filesystem::path& file);

 private:
  /// The facts by which a file that was read is known again.
  struct Identity {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified = 0, changed = 0;  ///< ns since 1970

    bool operator==(const Identity&) const = default;
  };
  struct Known {
    Identity identity;
    std::string fingerprint;
  };
  static Identity identity_of(int descriptor);

  std::map<std::filesystem::path, Known> known_;
};

/// A text that changes when a file of the checkpoint is written, replaced, added or removed; none is read.
std::string state_of_checkpoint(const std::filesystem::path& directory);

}  // namespace isoframe::model::checkpoint
