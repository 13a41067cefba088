#pragma once
// Values of records, as people read them.  What was not measured, nothing or NaN, is "-".

#include <optional>
#include <string>

namespace isoframe::reports {

/// A number with three significant digits, without an exponent from 0.0001 on: "21.8", "0.0120", "1904".
std::string significant(std::optional<double> value);

/// A size: "1.25 GiB", "312 MiB".
std::string bytes(std::optional<double> value);

/// A length of time in whole seconds: "25 s", "1 min 40 s", "4 h".
std::string duration(double seconds);

/// A ratio: "1.40x".
std::string ratio(std::optional<double> value);

/// A share: 0.68 is "68 %".
std::string percent(std::optional<double> value);

/// An SSIM with six digits; only exactly 1 is "1.000000", a value that would round to it is "0.999999".
std::string ssim(std::optional<double> value);

/// A PSNR in dB with two digits, or "inf".
std::string psnr(std::optional<double> value);

}  // namespace isoframe::reports
