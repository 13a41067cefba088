#include "harness/launch/start_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <utility>

#include "harness/launch/affinity.h"
#include "harness/launch/variables.h"

namespace isoframe::harness::launch {

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

struct Child {
  pid_t parent;
  int standard_input, log, channel;
  const char* image;
  char* const* arguments;
  char* const* environment;
  cpu_set_t cores;
};

/// Turns the child into the program after fork(), by async-signal-safe calls only.
[[noreturn]] void become_program(const Child& child) {
  // exec() resets handlers, but not what is ignored or blocked.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  settle_child(child.parent, child.standard_input, child.log);
  ::sched_setaffinity(0, sizeof(child.cores), &child.cores);
  ::fcntl(child.channel, F_SETFD, 0);
  ::execvpe(child.image, child.arguments, child.environment);

  const char* reason = ::strerrordesc_np(errno);
  for (const char* text : {"cannot run ", child.image, ": ", reason, "\n"})
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  ::_exit(kCannotRun);
}

}  // namespace

void settle_child(pid_t parent, int standard_input, int log) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the line above; then nobody would ever send that signal.
  if (::getppid() != parent) ::_exit(kCannotRun);
  ::dup2(standard_input, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
}

pid_t start_process(const ProcessStart& start) {
  const StringArray arguments(start.command), environment(start.environment);
  const Child child{::getpid(),          start.standard_input, start.log,          start.channel,
                    start.image.c_str(), arguments.data(),     environment.data(), usable_cores()};
  const pid_t pid = ::fork();
  if (pid == 0) become_program(child);
  // The child does the same; whichever comes first, a signal to the group finds the child.
  if (pid > 0) ::setpgid(pid, pid);
  return pid;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& own) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    if (influence_of(name) == Influence::kBreaking) continue;
    // Those of this process's own start would mislead whatever starts ranks itself.
    const bool tells_who = std::ranges::find(kRankVariables, name) != kRankVariables.end();
    if (!own.contains(name) && !tells_who && name != kEngineVariable) result.emplace_back(text);
  }
  for (const auto& [name, value] : own) result.push_back(name + "=" + value);
  return result;
}

}  // namespace isoframe::harness::launch
