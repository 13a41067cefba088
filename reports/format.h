#pragma once
// Values of result.json and run.json, as people read them.  What was not measured is "-".

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::reports {

/// The number under `key`; "inf" is infinity; nothing where the key is absent or null.
std::optional<double> number(const nlohmann::json& record, const char* key);

/// The string under `key`, on one line; empty where it is absent or not a string.
std::string text(const nlohmann::json& record, const char* key);

/// Three significant digits, without an exponent from 0.0001 on: "21.8", "0.0120", "1904".
std::string significant(std::optional<double> value);

/// "1.25 GiB", "312 MiB"
std::string bytes(std::optional<double> value);

/// "1.40x"
std::string ratio(std::optional<double> value);

/// 0.68 -> "68 %"
std::string percent(std::optional<double> value);

/// Six digits; only exactly 1 is "1.000000", what would round to it is "0.999999".
std::string ssim(std::optional<double> value);

/// dB with two digits, or "inf".
std::string psnr(std::optional<double> value);

}  // namespace isoframe::reports
