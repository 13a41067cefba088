#pragma once
// A number in JSON, which has no infinity and no NaN.

#include <optional>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::reports::records {

/// "inf", "-inf" and "nan" for those three: null is for what was not measured.
nlohmann::json number_to_json(double value);
/// The inverse; nothing for what is no number.  Earlier versions wrote null for NaN.
std::optional<double> number_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
