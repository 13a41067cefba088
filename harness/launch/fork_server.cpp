#include "harness/launch/fork_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/launch/start_process.h"

namespace isoframe::harness::launch {

namespace {

/// Room for a number in a variable that a rank fills in: /proc then shows each rank with its own values, as
/// people and tools look for them.
const std::string kRoom(10, '#');

using Descriptors = std::array<int, 3>;

/// An order without its descriptors, which the socket carries beside it.
struct Words {
  int rank = 0, world_size = 1;
};

/// While it lives, orphans among the descendants of this process become its children.
class Adoption {
 public:
  Adoption() {
    ::prctl(PR_GET_CHILD_SUBREAPER, &before_);
    works_ = ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
  }
  ~Adoption() { ::prctl(PR_SET_CHILD_SUBREAPER, before_); }
  Adoption(const Adoption&) = delete;
  Adoption& operator=(const Adoption&) = delete;
  bool works() const { return works_; }

 private:
  int before_ = 0;
  bool works_ = false;
};

struct Message {
  Words words;
  iovec part{&words, sizeof(words)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(Descriptors))> control{};
  msghdr header{};

  Message() {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  Message(const Message&) = delete;
};

bool send_order(int socket, const ForkOrder& order) {
  Message message;
  message.words = {order.rank, order.world_size};
  cmsghdr* const rights = CMSG_FIRSTHDR(&message.header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(Descriptors));
  const Descriptors descriptors{order.standard_input, order.log, order.channel};
  std::memcpy(CMSG_DATA(rights), descriptors.data(), sizeof(descriptors));
  return ::sendmsg(socket, &message.header, MSG_NOSIGNAL) == sizeof(Words);
}

std::optional<ForkOrder> receive_order(int socket) {
  Message message;
  ssize_t count = 0;
  do count = ::recvmsg(socket, &message.header, 0);
  while (count < 0 && errno == EINTR);
  const cmsghdr* const rights = CMSG_FIRSTHDR(&message.header);
  if (count != sizeof(Words) || rights == nullptr || rights->cmsg_len != CMSG_LEN(sizeof(Descriptors)))
    return std::nullopt;
  Descriptors descriptors{};
  std::memcpy(descriptors.data(), CMSG_DATA(rights), sizeof(descriptors));
  return ForkOrder{message.words.rank, message.words.world_size, descriptors[0], descriptors[1],
                   descriptors[2]};
}

/// Writes a number into the room that a variable has.
void fill_in(const char* variable, int number) {
  char* const room = std::getenv(variable);
  if (room == nullptr || std::strlen(room) < kRoom.size()) return;
  std::fill_n(room, std::strlen(room), '\0');
  std::to_chars(room, room + kRoom.size(), number);
}

template <typename Number>
bool read_number(int descriptor, Number& number) {
  ssize_t count = 0;
  do count = ::read(descriptor, &number, sizeof(number));
  while (count < 0 && errno == EINTR);
  return count == sizeof(number);
}

void become_rank(const ForkOrder& order, pid_t harness) {
  settle_child(harness, order.standard_input, order.log);
  for (const int copied : {order.standard_input, order.log})
    if (copied > STDERR_FILENO) ::close(copied);
  fill_in("RANK", order.rank);
  fill_in("LOCAL_RANK", order.rank);
  fill_in("WORLD_SIZE", order.world_size);
  fill_in(kEngineVariable, order.channel);
  ::unsetenv(kForkVariable);
}

/// Forks a rank that is no child of this process any more once this returns its number; 0 in the rank, -1 if
/// there is none.  The process between the two ends at once, and its child is adopted.
pid_t fork_orphan() {
  std::array<int, 2> told{}, go{};
  if (::pipe2(told.data(), O_CLOEXEC) != 0) return -1;
  const base::FileDescriptor told_read(told[0]);
  base::FileDescriptor told_write(told[1]);
  if (::pipe2(go.data(), O_CLOEXEC) != 0) return -1;
  const base::FileDescriptor go_read(go[0]);
  base::FileDescriptor go_write(go[1]);

  const pid_t between = ::fork();
  if (between == 0) {
    const pid_t rank = ::fork();
    if (rank != 0) {
      const bool is_told = ::write(told_write.get(), &rank, sizeof(rank)) == sizeof(rank);
      ::_exit(is_told ? 0 : 1);
    }
    go_write.close();
    char nothing = 0;
    // The end of the pipe: the process between is gone, and so the parent is the one that adopts.
    read_number(go_read.get(), nothing);
    return 0;
  }
  if (between < 0) return -1;
  told_write.close();
  pid_t rank = -1;
  if (!read_number(told_read.get(), rank)) rank = -1;
  while (::waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  return rank;
}

bool is_own_child(pid_t pid) {
  siginfo_t unused{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &unused, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

void ForkServer::prepare(const ForkedProgram& program) {
  if (has_failed_ || (pid_ > 0 && program == program_)) return;
  end();
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
  socket_ = base::FileDescriptor(ends[0]);
  const base::FileDescriptor its_end(ends[1]);
  // Loading takes a second; a machine under load, several.
  constexpr timeval kPatience{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  const base::FileDescriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));

  std::map<std::string, std::string> own = program.environment;
  for (const char* name : kRankVariables) own[name] = kRoom;
  own[kEngineVariable] = kRoom;
  own[kForkVariable] = std::to_string(its_end.get());
  pid_ = start_process({.command = program.command,
                        .image = program.image,
                        .environment = environment_with(own),
                        .standard_input = nothing.get(),
                        .log = nothing.get(),
                        .channel = its_end.get()});
  program_ = program;
}

std::optional<pid_t> ForkServer::fork(const ForkedProgram& program, const ForkOrder& order) {
  prepare(program);
  const std::optional<pid_t> pid = pid_ > 0 ? ask(order) : std::nullopt;
  if (pid) return pid;
  end();
  has_failed_ = true;
  return std::nullopt;
}

std::optional<pid_t> ForkServer::ask(const ForkOrder& order) const {
  const Adoption adoption;
  pid_t pid = -1;
  if (!adoption.works() || !send_order(socket_.get(), order) || !read_number(socket_.get(), pid) || pid <= 0)
    return std::nullopt;
  // A rank that nobody has adopted ends by itself.
  if (!is_own_child(pid)) return std::nullopt;
  ::setpgid(pid, pid);
  return pid;
}

void ForkServer::end() {
  socket_.close();
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

bool is_fork_server() { return std::getenv(kForkVariable) != nullptr; }

bool become_forked_rank() {
  const char* text = std::getenv(kForkVariable);
  if (text == nullptr) return false;
  int descriptor = -1;
  const std::string_view digits = text;
  std::from_chars(digits.data(), digits.data() + digits.size(), descriptor);
  base::FileDescriptor socket(descriptor);
  ::prctl(PR_SET_NAME, "isoframe");
  const pid_t harness = ::getppid();
  while (const std::optional<ForkOrder> order = receive_order(socket.get())) {
    const pid_t pid = fork_orphan();
    if (pid == 0) {
      socket.close();
      become_rank(*order, harness);
      return true;
    }
    for (const int passed_on : {order->standard_input, order->log, order->channel}) ::close(passed_on);
    if (::send(socket.get(), &pid, sizeof(pid), MSG_NOSIGNAL) != sizeof(pid)) break;
  }
  return false;
}

}  // namespace isoframe::harness::launch
