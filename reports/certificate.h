#pragma once
// What `qualify` found, as a document.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::reports {

/// `certificate` is certificate.json's content.  For a terminal:
std::string certificate_text(const nlohmann::json& certificate);
/// As a document of its own, with the machine that it is about.
std::string certificate_markdown(const nlohmann::json& certificate);

}  // namespace isoframe::reports
