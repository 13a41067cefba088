#pragma once
// Gates: what must hold between a case and its baseline.  A gate is a row of a table here; keys, JSON, the
// schema, README.md, descriptions, verdicts and the options of `compare` follow from it.

#include <limits>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/metrics.h"

namespace isoframe::reports::records {
struct CaseResult;
}

namespace isoframe::harness::scenario {

class Value;
template <typename T>
struct Reader;

/// Gates of a case.  Unset ones are not checked.
struct Gates {
  bool identical = false;  ///< every float of every frame equals the baseline's
  bool bounded = false;    ///< within what the two orders of addition account for (model/parallel/numerics.h)
  std::optional<double> psnr_min;
  std::optional<double> ssim_min;
  std::optional<double> relative_l2_max;
  std::optional<double> max_difference_max;
  std::optional<double> ms_ssim_min;
  std::optional<double> temporal_max;
  std::optional<double> latents_relative_l2_max;
  std::optional<double> latency_ratio_max;
  std::optional<double> peak_tensor_ratio_max;
};

/// The measurements that a gate reads.
enum class GateSource {
  kFrames,   ///< metrics of frames: two videos without a run have them too
  kLatents,  ///< final latents of a case and its baseline
  kMemory,   ///< the results of the case and of its baseline
  kTime,     ///< samples of both; noise makes a judgement of its own of it (harness/judge/latency.h)
};

enum class GateLimit { kAtLeast, kAtMost };

/// A gate that bounds a number.
struct Gate {
  const char* name;  ///< its key
  std::optional<double> Gates::*bound;
  GateLimit limit;
  GateSource source;
  double least, most;  ///< what the bound may be; of a ratio any number above 0
  const char* brief;   ///< in tables: "PSNR", of "PSNR >= 40"
  const char* phrase;  ///< in verdicts, "{value}" and "{baseline}" filled in: "PSNR {value}"
  std::string (*format)(double value);
  const char* unit;     ///< of its key in README.md; empty where it has none
  const char* meaning;  ///< one sentence for README.md
  /// The number, nothing where it was not measured.  For kFrames and kLatents.
  std::optional<double> (*of_quality)(const reports::records::Quality&) = nullptr;
  /// The same for kMemory.
  std::optional<double> (*of_results)(const reports::records::CaseResult& result,
                                      const reports::records::CaseResult& baseline) = nullptr;
};

/// A gate that is asked for or not.
struct GateClaim {
  const char* name;
  bool Gates::*asked;
  const char* meaning;
};

std::string decibels(double value);         ///< "41.20 dB", "inf"
std::string six_digits(double value);       ///< "0.998712"
std::string two_significant(double value);  ///< "1.2e-03"
std::string times(double value);            ///< "1.250x"

/// The largest rank's peak tensor memory over that of the baseline; nothing if neither was measured as more
/// than 0.
std::optional<double> peak_tensor_ratio(const reports::records::CaseResult& result,
                                        const reports::records::CaseResult& baseline);

inline constexpr GateClaim kGateClaims[] = {
    {"identical", &Gates::identical, "every float of every frame equals the baseline's"},
    {"bounded", &Gates::bounded,
     "relative L2, PSNR and SSIM are within what the two orders of addition account for ([the "
     "bound](../model/parallel/README.md))"},
};

inline constexpr Gate kGates[] = {
    {.name = "psnr_min",
     .bound = &Gates::psnr_min,
     .limit = GateLimit::kAtLeast,
     .source = GateSource::kFrames,
     .least = 0.0,
     .most = std::numeric_limits<double>::infinity(),
     .brief = "PSNR",
     .phrase = "PSNR {value}",
     .format = decibels,
     .unit = "dB, `.inf` allowed",
     .meaning = "mean PSNR over 8-bit frames is at least this",
     .of_quality = [](const reports::records::Quality& quality) { return std::optional(quality.psnr.mean); }},
    {.name = "ssim_min",
     .bound = &Gates::ssim_min,
     .limit = GateLimit::kAtLeast,
     .source = GateSource::kFrames,
     .least = -1.0,
     .most = 1.0,
     .brief = "SSIM",
     .phrase = "SSIM {value}",
     .format = six_digits,
     .unit = "",
     .meaning = "mean SSIM over 8-bit frames is at least this",
     .of_quality =
         [](const reports::records::Quality& quality) {
           return quality.ssim ? std::optional(quality.ssim->mean) : std::nullopt;
         }},
    {.name = "relative_l2_max",
     .bound = &Gates::relative_l2_max,
     .limit = GateLimit::kAtMost,
     .source = GateSource::kFrames,
     .least = 0.0,
     .most = std::numeric_limits<double>::max(),
     .brief = "rel. L2",
     .phrase = "relative L2 {value}",
     .format = two_significant,
     .unit = "",
     .meaning = "relative L2 difference of the float frames is at most this",
     .of_quality =
         [](const reports::records::Quality& quality) {
           return quality.floats ? std::optional(quality.floats->relative_l2) : std::nullopt;
         }},
    {.name = "max_difference_max",
     .bound = &Gates::max_difference_max,
     .limit = GateLimit::kAtMost,
     .source = GateSource::kFrames,
     .least = 0.0,
     .most = 1.0,
     .brief = "difference",
     .phrase = "largest difference {value}",
     .format = two_significant,
     .unit = "",
     .meaning = "the largest difference of two floats, in [0, 1], is at most this",
     .of_quality =
         [](const reports::records::Quality& quality) {
           return std::optional(quality.floats ? quality.floats->max_difference
                                               : quality.eight_bit.max_difference / 255.0);
         }},
    {.name = "ms_ssim_min",
     .bound = &Gates::ms_ssim_min,
     .limit = GateLimit::kAtLeast,
     .source = GateSource::kFrames,
     .least = 0.0,
     .most = 1.0,
     .brief = "MS-SSIM",
     .phrase = "MS-SSIM {value}",
     .format = six_digits,
     .unit = "",
     .meaning =
         "mean MS-SSIM over 8-bit frames is at least this; it needs frames of 161 pixels or more a side",
     .of_quality =
         [](const reports::records::Quality& quality) {
           return quality.ms_ssim ? std::optional(quality.ms_ssim->mean) : std::nullopt;
         }},
    {.name = "temporal_max",
     .bound = &Gates::temporal_max,
     .limit = GateLimit::kAtMost,
     .source = GateSource::kFrames,
     .least = 0.0,
     .most = std::numeric_limits<double>::max(),
     .brief = "flicker",
     .phrase = "temporal difference {value}",
     .format = two_significant,
     .unit = "",
     .meaning =
         "from each frame to the next the change differs from the baseline's by at most this, RMS in 8-bit "
         "steps",
     .of_quality =
         [](const reports::records::Quality& quality) { return std::optional(quality.temporal.max); }},
    {.name = "latents_relative_l2_max",
     .bound = &Gates::latents_relative_l2_max,
     .limit = GateLimit::kAtMost,
     .source = GateSource::kLatents,
     .least = 0.0,
     .most = std::numeric_limits<double>::max(),
     .brief = "latents' rel. L2",
     .phrase = "the latents' relative L2 {value}",
     .format = two_significant,
     .unit = "",
     .meaning =
         "relative L2 difference of the final latents is at most this; it is steadier than a gate on pixels",
     .of_quality =
         [](const reports::records::Quality& quality) {
           return quality.latents ? std::optional(quality.latents->relative_l2) : std::nullopt;
         }},
    {.name = "latency_ratio_max",
     .bound = &Gates::latency_ratio_max,
     .limit = GateLimit::kAtMost,
     .source = GateSource::kTime,
     .least = 0.0,
     .most = std::numeric_limits<double>::infinity(),
     .brief = "time",
     .phrase = "{value} the time of {baseline}",
     .format = times,
     .unit = "",
     .meaning =
         "time, prompt to frames, is at most this many times the baseline's in the same run: fails where the "
         "lower bound of the ratio is above it, in a second measurement too; needs `repeat` 5 or more, and "
         "the "
         "baseline's the same ([how it is judged](../reports/README.md#verdicts))"},
    {.name = "peak_tensor_ratio_max",
     .bound = &Gates::peak_tensor_ratio_max,
     .limit = GateLimit::kAtMost,
     .source = GateSource::kMemory,
     .least = 0.0,
     .most = std::numeric_limits<double>::infinity(),
     .brief = "tensor peak",
     .phrase = "its largest rank needs {value} the tensor memory of {baseline}",
     .format = times,
     .unit = "",
     .meaning = "the largest rank's peak tensor memory is at most this many times the baseline's",
     .of_results = peak_tensor_ratio},
};

/// True if its bound is a ratio of the case to its baseline.
constexpr bool is_ratio(const Gate& gate) {
  return gate.source == GateSource::kMemory || gate.source == GateSource::kTime;
}

/// The values that its bound may have.
Reader<double> reader_of(const Gate& gate);

/// Puts `value` into the gate of this name; `called` is how errors call it.
void read_gate(Gates& gates, const std::string& name, const Value& value, const std::string& called);

/// True if `value` is beyond the bound, as NaN always is.
bool is_beyond(const Gate& gate, double value, double bound);
/// "PSNR 41.20 dB".
std::string text_of(const Gate& gate, double value, const std::string& baseline);
/// "PSNR 41.20 dB (needs 50.00 dB)", "relative L2 1.2e-03 (at most 1.0e-05)".
std::string text_of_broken(const Gate& gate, double value, double bound, const std::string& baseline);

/// The claims that are asked for and the bounds that are set: "identical", "PSNR >= 40, time <= 1.2x"; empty
/// without any.
std::string text_of(const Gates& gates);

/// Claims always, bounds where set, infinity as "inf".
nlohmann::json to_json(const Gates& gates);
Gates gates_from_json(const nlohmann::json& json);

}  // namespace isoframe::harness::scenario
