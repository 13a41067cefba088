#include "harness/run/run_lock.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file_lock.h"
#include "base/time.h"
#include "model/parallel/network.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;

namespace {

constexpr const char* kName = ".lock";
constexpr int kMostRefusals = 5;
constexpr auto kBetweenRefusals = std::chrono::milliseconds(100);

std::string this_machine() {
  const std::string name = model::parallel::host_name();
  return name.empty() ? "unknown" : name;
}

/// The process that a lock's file names.
struct Holder {
  long pid = 0;
  std::string machine, since;
};

std::optional<Holder> holder_in(int file) {
  std::array<char, 512> text{};
  const ssize_t size = ::pread(file, text.data(), text.size() - 1, 0);
  if (size <= 0) return std::nullopt;
  Holder holder;
  std::istringstream stream(std::string(text.data(), static_cast<std::size_t>(size)));
  if (!(stream >> holder.pid >> holder.machine >> holder.since)) return std::nullopt;
  return holder;
}

/// True unless the process is known to have ended.
bool may_live(const Holder& holder) { return holder.machine != this_machine() || base::is_alive(holder.pid); }

}  // namespace

RunLock::RunLock(const fs::path& directory) : directory_(directory), path_(directory / kName) {
  while (!take()) {
  }
  const std::string text = fmt::format("{} {} {}\n", ::getpid(), this_machine(), base::utc_now());
  // Who holds it is a courtesy to the reader; a full disk does not make it another's.
  if (::ftruncate(file_.get(), 0) == 0 && ::pwrite(file_.get(), text.data(), text.size(), 0) < 0) errno = 0;
}

RunLock::~RunLock() {
  if (file_.open()) ::unlink(path_.c_str());
}

bool RunLock::is_lock(const fs::path& path) { return path.filename() == kName; }

/// Returns false if the file was removed by its last holder before it could be locked, or if a `report` may
/// hold it, which does so for a moment.
bool RunLock::take() {
  file_ = base::FileDescriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file_.open())
    throw InputError(fmt::format("{} cannot be written: {}; choose another --out", directory_.string(),
                                 std::strerror(errno)));
  const base::Locking locking = base::try_lock(file_.get());
  if (locking == base::Locking::kHeld) {
    if (++refusals_ > kMostRefusals) refuse();
    std::this_thread::sleep_for(kBetweenRefusals);
    return false;
  }
  if (locking == base::Locking::kUnsupported) {
    const std::optional<Holder> holder = holder_in(file_.get());
    if (holder && may_live(*holder)) refuse();
  }
  struct stat opened {
  }, named{};
  return ::fstat(file_.get(), &opened) == 0 && ::stat(path_.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

void RunLock::refuse() const {
  const std::optional<Holder> holder = holder_in(file_.get());
  const std::string who =
      holder ? fmt::format("process {} on {}, since {}", holder->pid, holder->machine, holder->since)
             : "another process";
  throw InputError(
      fmt::format("{} is in use by {}; wait for it, or choose another --out", directory_.string(), who));
}

}  // namespace isoframe::harness::run
