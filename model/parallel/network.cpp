#include "model/parallel/network.h"

#include <algorithm>
#include <array>
#include <functional>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace isoframe::model::parallel {

namespace {

socklen_t size_of(const sockaddr& address) {
  return address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

/// "10.0.0.1"; empty for what is no IP address.
std::string text_of(const sockaddr& address) {
  std::array<char, NI_MAXHOST> text{};
  if (address.sa_family != AF_INET && address.sa_family != AF_INET6) return {};
  if (::getnameinfo(&address, size_of(address), text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return {};
  return text.data();
}

struct InterfaceAddress {
  std::string interface;
  std::string address;
  bool is_ipv4;
};

/// Addresses of interfaces that are up, without link-local ones, which need a scope to be reached.
std::vector<InterfaceAddress> interface_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
  std::vector<InterfaceAddress> result;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const std::string text = text_of(*entry->ifa_addr);
    if (text.empty() || text.starts_with("fe80:")) continue;
    result.push_back({entry->ifa_name, text, entry->ifa_addr->sa_family == AF_INET});
  }
  return result;
}

/// The first address of `host` for which `find` returns something.
std::string resolve(const std::string& host, const std::function<std::string(const addrinfo&)>& find) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* first = nullptr;
  if (::getaddrinfo(host.c_str(), "9", &hints, &first) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, &::freeaddrinfo);
  for (const addrinfo* entry = first; entry != nullptr; entry = entry->ai_next)
    if (std::string found = find(*entry); !found.empty()) return found;
  return {};
}

/// Connecting a datagram socket sends nothing: it only asks the routing table.
std::string source_address_towards(const addrinfo& destination) {
  const int descriptor = ::socket(destination.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return {};
  std::string result;
  sockaddr_storage source{};
  socklen_t size = sizeof(source);
  if (::connect(descriptor, destination.ai_addr, destination.ai_addrlen) == 0 &&
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&source), &size) == 0)
    result = text_of(reinterpret_cast<const sockaddr&>(source));
  ::close(descriptor);
  return result;
}

}  // namespace

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

std::vector<std::string> interfaces() {
  std::vector<std::string> names;
  for (const InterfaceAddress& entry : interface_addresses())
    if (std::find(names.begin(), names.end(), entry.interface) == names.end())
      names.push_back(entry.interface);
  return names;
}

std::string address_of(const std::string& interface) {
  std::string result;
  for (const InterfaceAddress& entry : interface_addresses()) {
    if (entry.interface != interface) continue;
    if (entry.is_ipv4) return entry.address;
    if (result.empty()) result = entry.address;
  }
  return result;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : std::string();
}

std::string address_of_host_name() {
  const std::string name = host_name();
  if (name.empty()) return {};
  return resolve(name, [](const addrinfo& entry) { return text_of(*entry.ai_addr); });
}

std::string resolution_error(const std::string& host) {
  addrinfo* first = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, nullptr, &first);
  if (error != 0) return ::gai_strerror(error);
  ::freeaddrinfo(first);
  return {};
}

std::string interface_towards(const std::string& host) {
  const std::string source = resolve(host, source_address_towards);
  for (const InterfaceAddress& entry : interface_addresses())
    if (entry.address == source) return entry.interface;
  return {};
}

}  // namespace isoframe::model::parallel
