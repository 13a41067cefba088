#include "harness/launch/rank_process.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/process.h"
#include "harness/launch/fork_server.h"
#include "harness/launch/start_process.h"

namespace isoframe::harness::launch {

namespace fs = std::filesystem;

namespace {

/// The variables that tell a process which part it has.
std::map<std::string, std::string> own_variables(const LocalJob& job, int rank, int channel) {
  std::map<std::string, std::string> own;
  if (job.started_as == StartedAs::kRanks)
    own = {{"RANK", std::to_string(rank)},
           {"LOCAL_RANK", std::to_string(rank)},
           {"WORLD_SIZE", std::to_string(job.world_size)}};
  if (job.started_as != StartedAs::kLauncher) own[kEngineVariable] = std::to_string(channel);
  own.insert(job.environment.begin(), job.environment.end());
  return own;
}

[[noreturn]] void fail(int rank, const std::string& what) {
  throw RunError(fmt::format("rank {} cannot be started: {}: {}", rank, what, std::strerror(errno)));
}

base::FileDescriptor open_or_fail(int rank, const fs::path& path, int flags) {
  base::FileDescriptor result(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!result.open()) fail(rank, path.string());
  return result;
}

std::string log_name(StartedAs part, int rank) {
  switch (part) {
    case StartedAs::kRanks:
      break;
    case StartedAs::kEngine:
      return "engine.log";
    case StartedAs::kLauncher:
      return "launcher.log";
  }
  return fmt::format("rank-{}.log", rank);
}

/// The last non-empty lines of a file behind `begin`, at most 2,000 bytes.
std::string last_words_in(const fs::path& path, std::streamoff begin) {
  constexpr std::streamoff kMost = 2000;
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  if (!stream) return {};
  const std::streamoff size = std::max<std::streamoff>(0, stream.tellg() - begin);
  stream.seekg(begin + std::max<std::streamoff>(0, size - kMost));
  std::string words, line;
  // Cut within a line, begin with the next; a single long line is kept as it is.
  if (size > kMost && std::getline(stream, line) && stream.peek() == EOF) return line;
  while (std::getline(stream, line)) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (!line.empty()) words += (words.empty() ? "" : "\n") + line;
  }
  return words;
}

}  // namespace

RankProcess::RankProcess(const LocalJob& job, int rank)
    : log_(job.directory / log_name(job.started_as, rank)) {
  outcome_.rank = rank;
  start(job);
}

RankProcess::~RankProcess() {
  if (!running()) return;
  signal(SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void RankProcess::start(const LocalJob& job) {
  const int rank = outcome_.rank;
  const base::FileDescriptor standard_input = open_or_fail(rank, "/dev/null", O_RDONLY);
  const base::FileDescriptor log = open_or_fail(rank, log_, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) fail(rank, "no socket");
  channel_ = base::FileDescriptor(ends[0]);
  const base::FileDescriptor rank_channel(ends[1]);
  constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(channel_.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));

  const std::string& image = job.image.empty() ? job.command.front() : job.image;
  if (job.forks != nullptr) {
    const ForkOrder order{rank, job.world_size, standard_input.get(), log.get(), rank_channel.get()};
    if (const auto pid = job.forks->fork({job.command, image, job.environment}, order)) {
      pid_ = *pid;
      return;
    }
  }
  pid_ = start_process({.command = job.command,
                        .image = image,
                        .environment = environment_with(own_variables(job, rank, rank_channel.get())),
                        .standard_input = standard_input.get(),
                        .log = log.get(),
                        .channel = rank_channel.get()});
  if (pid_ < 0) fail(rank, "no process");
}

bool RankProcess::read(const std::function<void(std::string_view)>& on_line) {
  bool has_read = false;
  std::array<char, 4096> buffer;
  while (channel_.open()) {
    const ssize_t count = ::recv(channel_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      channel_.close();
      break;
    }
    for (const std::string& line : lines_.read({buffer.data(), static_cast<std::size_t>(count)})) {
      has_read = true;
      on_line(line);
    }
  }
  return has_read;
}

void RankProcess::begin_request() {
  outcome_.stage.clear();
  outcome_.error.reset();
}

void RankProcess::copy_log(const fs::path& folder) {
  std::ifstream from(log_, std::ios::binary);
  from.seekg(log_begin_);
  const std::string text{std::istreambuf_iterator<char>(from), {}};
  log_begin_ += static_cast<std::streamoff>(text.size());
  std::ofstream(folder / log_.filename(), std::ios::binary) << text;
}

std::uint64_t RankProcess::resident_bytes() const { return running() ? base::resident_bytes(pid_) : 0; }

bool RankProcess::try_reap() {
  if (!running()) return false;
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
    return false;
  // Until it is reaped nobody else gets its number, so what it left in its group can be ended without
  // hitting others.
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  if (info.si_code == CLD_EXITED) {
    outcome_.exit_code = info.si_status;
    outcome_.finished = info.si_status == 0 && !outcome_.ended_by_us;
  } else if (!outcome_.ended_by_us) {
    outcome_.signal = info.si_status;
  }
  outcome_.last_words = last_words_in(log_, log_begin_);
  return true;
}

void RankProcess::signal(int number) {
  if (!running()) return;
  outcome_.ended_by_us = true;
  ::kill(-pid_, number);
}

}  // namespace isoframe::harness::launch
