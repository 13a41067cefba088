#pragma once
// This machine's addresses: which of its interfaces ranks talk over.

#include <string>
#include <vector>

namespace isoframe::model::parallel {

bool is_loopback(const std::string& address);

/// Interfaces that are up and have an address, loopback first.
std::vector<std::string> interfaces();
/// The first address of an interface, IPv4 before IPv6; empty where it has none.
std::string address_of(const std::string& interface);
/// The machine's host name; empty if it has none.
std::string host_name();
/// The address that this machine's host name resolves to; empty if it does not.
std::string address_of_host_name();
/// The resolver's reason why `host` has no address; empty if it has one.
std::string resolution_error(const std::string& host);
/// The interface over which this machine reaches `host`; empty where it does not resolve or has no route.
std::string interface_towards(const std::string& host);

}  // namespace isoframe::model::parallel
