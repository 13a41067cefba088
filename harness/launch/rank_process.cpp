#include "harness/launch/rank_process.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "harness/launch/affinity.h"
#include "harness/launch/variables.h"

namespace isoframe::harness::launch {

namespace fs = std::filesystem;

namespace {

/// The exit code for a program that cannot be run, as shells have it.
constexpr int kCannotRun = 127;

/// argv or envp, built before fork(): the child must not allocate, another thread may hold the allocator's
/// lock.
class StringArray {
 public:
  explicit StringArray(std::vector<std::string> strings) : strings_(std::move(strings)) {
    for (std::string& string : strings_) pointers_.push_back(string.data());
    pointers_.push_back(nullptr);
  }
  char* const* data() const { return pointers_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

std::vector<std::string> environment_of(const LocalJob& job, int rank, int channel) {
  const std::map<std::string, std::string> of_ranks = {{"RANK", std::to_string(rank)},
                                                       {"LOCAL_RANK", std::to_string(rank)},
                                                       {"WORLD_SIZE", std::to_string(job.world_size)}};
  std::map<std::string, std::string> own;
  if (job.started_as == StartedAs::kRanks) own = of_ranks;
  if (job.started_as != StartedAs::kLauncher) own[kEngineVariable] = std::to_string(channel);
  own.insert(job.environment.begin(), job.environment.end());
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    if (influence_of(name) == Influence::kBreaking) continue;
    // Those of this process's own start would mislead whatever starts ranks itself.
    if (!own.contains(name) && !of_ranks.contains(name) && name != kEngineVariable) result.emplace_back(text);
  }
  for (const auto& [name, value] : own) result.push_back(name + "=" + value);
  return result;
}

[[noreturn]] void fail(int rank, const std::string& what) {
  throw RunError(fmt::format("rank {} cannot be started: {}: {}", rank, what, std::strerror(errno)));
}

base::FileDescriptor open_or_fail(int rank, const fs::path& path, int flags) {
  base::FileDescriptor result(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!result.open()) fail(rank, path.string());
  return result;
}

struct Child {
  pid_t parent;
  int standard_input, log, channel;
  const char* image;
  char* const* arguments;
  char* const* environment;
  cpu_set_t cores;
};

/// Turns the child into the rank after fork(), by async-signal-safe calls only.
[[noreturn]] void become_rank(const Child& child) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the line above; then nobody would ever send that signal.
  if (::getppid() != child.parent) ::_exit(kCannotRun);

  // exec() resets handlers, but not what is ignored or blocked.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  ::sched_setaffinity(0, sizeof(child.cores), &child.cores);
  ::dup2(child.standard_input, STDIN_FILENO);
  ::dup2(child.log, STDOUT_FILENO);
  ::dup2(child.log, STDERR_FILENO);
  ::fcntl(child.channel, F_SETFD, 0);
  ::execvpe(child.image, child.arguments, child.environment);

  const char* reason = ::strerrordesc_np(errno);
  for (const char* text : {"cannot run ", child.image, ": ", reason, "\n"})
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  ::_exit(kCannotRun);
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

  const StringArray arguments(job.command);
  const StringArray environment(environment_of(job, rank, rank_channel.get()));
  const std::string& image = job.image.empty() ? job.command.front() : job.image;
  const Child child{::getpid(),    standard_input.get(), log.get(),          rank_channel.get(),
                    image.c_str(), arguments.data(),     environment.data(), usable_cores()};
  pid_ = ::fork();
  if (pid_ < 0) fail(rank, "no process");
  if (pid_ == 0) become_rank(child);
  // The child does the same; whichever comes first, a signal to the group finds the child.
  ::setpgid(pid_, pid_);
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

std::uint64_t RankProcess::resident_bytes() const {
  if (!running()) return 0;
  std::ifstream stream(fmt::format("/proc/{}/statm", pid_));
  std::uint64_t size = 0, resident = 0;
  stream >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

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
