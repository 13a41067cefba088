#pragma once
// A row of published figures that a case stands beside (scenarios/published-figures.yaml).

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace isoframe::harness::scenario {

class Value;

struct Published {
  std::string row;  ///< its key in the file
  std::string title;
  std::string source;  ///< where it was published
  std::string hardware;
  std::string size;  ///< "480p"
  std::int64_t frames = 0;
  std::int64_t steps = 0;
  double seconds = 0.0;
  std::optional<double> ssim;             ///< against the row that the next figure is of
  std::optional<double> psnr;             ///< dB, may be infinite
  std::optional<double> against_seconds;  ///< of the row that it was compared with
};

/// `value` is FILE#ROW, FILE relative to the scenario.  Fails for a file that is not one of figures, and for
/// a row that it does not have, with the nearest that it has.
Published read_published(const Value& value, const std::string& key);

nlohmann::json to_json(const Published& published);
Published published_from_json(const nlohmann::json& json);

}  // namespace isoframe::harness::scenario
