#pragma once
// Comparisons of frames: `quality`, `quality_self`, compare.json.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "metrics/comparison.h"
#include "metrics/decoded.h"
#include "reports/records/field.h"
#include "reports/records/names.h"

namespace isoframe::reports::records {

template <>
struct TableOf<metrics::FrameScores> {
  template <typename T = metrics::FrameScores>
  static constexpr auto fields() {
    return std::tuple{
        any_number(
            field("mean", &T::mean, "",
                  "mean over the video; for a PSNR, the PSNR of the squared error averaged over all frames")),
        any_number(field("min", &T::min, "", "value of the worst frame")),
        field("worst_frame", &T::worst_frame, "", "the first of the worst frames"),
        any_number(field("per_frame", &T::per_frame, "", "one value a frame")),
    };
  }
};

template <>
struct TableOf<metrics::FloatDifference> {
  template <typename T = metrics::FloatDifference>
  static constexpr auto fields() {
    return std::tuple{
        any_number(field("max_difference", &T::max_difference, "",
                         "largest absolute difference; a difference from NaN is infinite")),
        any_number(field("mean_difference", &T::mean_difference, "", "mean absolute difference")),
        any_number(
            field("relative_l2", &T::relative_l2, "", "norm of the difference / norm of the reference")),
        field("first_differing_frame", &T::first_differing_frame, "",
              "first frame that differs; null where none does", Presence::kNull),
        field("differing_values", &T::differing_values, "", "values whose bits differ"),
        field("ulps", &T::ulps, "",
              "33 counts: of equal values, then of distances 1, 2-3, 4-7, ... units in the last place; NaN "
              "against a number in the last"),
        field("reference_non_finite", &T::reference_non_finite, "",
              "values of the reference that are NaN or infinite"),
        field("candidate_non_finite", &T::candidate_non_finite, "",
              "values of the candidate that are NaN or infinite"),
    };
  }
};

template <>
struct TableOf<metrics::TemporalDifference> {
  template <typename T = metrics::TemporalDifference>
  static constexpr auto fields() {
    return std::tuple{
        field("per_change", &T::per_change, "8-bit steps",
              "difference of the changes from each frame to the next, RMS"),
        field("mean", &T::mean, "8-bit steps", "mean of `per_change`"),
        field("max", &T::max, "8-bit steps", "largest of `per_change`"),
        field("worst_frame", &T::worst_frame, "", "the frame after the worst change"),
        field("reference_change", &T::reference_change, "8-bit steps",
              "mean absolute change in the reference"),
        field("candidate_change", &T::candidate_change, "8-bit steps",
              "mean absolute change in the candidate"),
    };
  }
};

template <>
struct TableOf<metrics::PixelDifference> {
  template <typename T = metrics::PixelDifference>
  static constexpr auto fields() {
    return std::tuple{
        field("mean", &T::mean, "8-bit steps", "mean over all pixels"),
        field("percentile_99", &T::percentile_99, "8-bit steps", "99 % of the pixels differ by no more"),
        field("percentile_99_9", &T::percentile_99_9, "8-bit steps",
              "99.9 % of the pixels differ by no more"),
        field("share_beyond", &T::share_beyond, "",
              "shares of the pixels that differ by more than 1, 2, 4, 8 and 16 steps"),
    };
  }
};

template <>
struct TableOf<metrics::Region> {
  template <typename T = metrics::Region>
  static constexpr auto fields() {
    return std::tuple{
        field("frame", &T::frame, "", "the frame"),
        field("x", &T::x, "pixels", "left edge"),
        field("y", &T::y, "pixels", "top edge"),
        field("width", &T::width, "pixels", "width"),
        field("height", &T::height, "pixels", "height"),
        any_number(field("psnr", &T::psnr, "dB", "PSNR of its pixels")),
    };
  }
};

template <>
struct TableOf<metrics::SsimLocation> {
  template <typename T = metrics::SsimLocation>
  static constexpr auto fields() {
    return std::tuple{
        field("frame", &T::frame, "", "the frame"),
        field("x", &T::x, "pixels", "left edge of the window of 11 x 11"),
        field("y", &T::y, "pixels", "top edge"),
        any_number(field("ssim", &T::ssim, "", "SSIM of the window")),
    };
  }
};

template <>
struct TableOf<metrics::DecodedDifference> {
  template <typename T = metrics::DecodedDifference>
  static constexpr auto fields() {
    return std::tuple{
        field("format", &T::format, "", "FFmpeg's name of the values: \"yuv420p\", \"rgb48\""),
        field("bits", &T::bits, "", "bits of a value"),
        field("differing_values", &T::differing_values, "", "values that differ"),
        field("max_difference", &T::max_difference, "steps", "largest difference"),
        field("first_differing_frame", &T::first_differing_frame, "",
              "first frame that differs; null where none does", Presence::kNull),
    };
  }
};

struct EightBit {
  std::int64_t differing_values = 0;
  int max_difference = 0;
  std::optional<std::int64_t> first_differing_frame;

  template <typename T = EightBit>
  static constexpr auto fields() {
    return std::tuple{
        field("differing_values", &T::differing_values, "", "8-bit values that differ"),
        field("max_difference", &T::max_difference, "8-bit steps", "largest difference"),
        field("first_differing_frame", &T::first_differing_frame, "",
              "first frame that differs; null where none does", Presence::kNull),
    };
  }
};

struct FfmpegSsim {
  double y = 0.0, u = 0.0, v = 0.0, all = 0.0;

  template <typename T = FfmpegSsim>
  static constexpr auto fields() {
    return std::tuple{
        any_number(field("y", &T::y, "", "score of plane Y")),
        any_number(field("u", &T::u, "", "score of plane U")),
        any_number(field("v", &T::v, "", "score of plane V")),
        any_number(field("all", &T::all, "", "score of all planes, weighted by their pixels")),
    };
  }
};

struct FfmpegPsnr {
  double y = 0.0, u = 0.0, v = 0.0, average = 0.0, min = 0.0, max = 0.0;

  template <typename T = FfmpegPsnr>
  static constexpr auto fields() {
    return std::tuple{
        any_number(field("y", &T::y, "dB", "score of plane Y")),
        any_number(field("u", &T::u, "dB", "score of plane U")),
        any_number(field("v", &T::v, "dB", "score of plane V")),
        any_number(field("average", &T::average, "dB", "PSNR of all planes")),
        any_number(field("min", &T::min, "dB", "PSNR of the worst frame")),
        any_number(field("max", &T::max, "dB", "PSNR of the best frame")),
    };
  }
};

/// FFmpeg's own scores, as its filters ssim and psnr print them.
struct Ffmpeg {
  std::string planes;
  FfmpegSsim ssim;
  FfmpegPsnr psnr;

  template <typename T = Ffmpeg>
  static constexpr auto fields() {
    return std::tuple{
        field("planes", &T::planes, "", "what they were computed on: \"yuv420p\", \"yuv420p from RGB\""),
        field("ssim", &T::ssim, "", "SSIM of the planes"),
        field("psnr", &T::psnr, "", "PSNR of the planes"),
    };
  }
};

/// Every metric of two videos.
struct Metrics {
  metrics::FrameScores psnr, psnr_luma;      ///< dB, on 8-bit frames
  std::optional<metrics::FrameScores> ssim;  ///< nothing where frames are smaller than its window
  std::optional<metrics::FrameScores> ms_ssim;
  EightBit eight_bit;
  std::optional<metrics::FloatDifference> floats;  ///< where both sides have floats
  metrics::TemporalDifference temporal;
  std::optional<metrics::PixelDifference> pixels;  ///< nothing in what earlier versions wrote
  std::optional<metrics::Region> worst_region;
  std::optional<metrics::SsimLocation> lowest_ssim;
  Ffmpeg ffmpeg;

  template <typename T = Metrics>
  static constexpr auto fields() {
    return std::tuple{
        field("psnr", &T::psnr, "dB", "PSNR of 8-bit RGB; infinite only if every frame is equal"),
        field("psnr_luma", &T::psnr_luma, "dB", "PSNR of 8-bit luma"),
        field("ssim", &T::ssim, "", "SSIM; null for frames smaller than 11 pixels", Presence::kNull),
        field("ms_ssim", &T::ms_ssim, "", "multi-scale SSIM; null for frames smaller than 161 pixels",
              Presence::kNull),
        field("eight_bit", &T::eight_bit, "", "differences of 8-bit values"),
        field("float", &T::floats, "", "differences of float values; null where a side has no floats",
              Presence::kNull),
        field("temporal", &T::temporal, "", "how differently the videos change from frame to frame"),
        field("pixels", &T::pixels, "",
              "differences of 8-bit pixels; a pixel's difference is the largest of its channels'",
              Presence::kNull),
        field("worst_region", &T::worst_region, "",
              "the region of lowest PSNR; null where all frames are equal", Presence::kNull),
        field("lowest_ssim", &T::lowest_ssim, "",
              "the window of lowest SSIM; null where all frames are equal", Presence::kNull),
        field("ffmpeg", &T::ffmpeg, "", "FFmpeg's own scores"),
    };
  }
};

/// The record of a comparison's metrics.
Metrics metrics_of(const metrics::Comparison& comparison);

/// Final latents against the reference's.
struct LatentDifference {
  double relative_l2 = 0.0;

  template <typename T = LatentDifference>
  static constexpr auto fields() {
    return std::tuple{
        any_number(
            field("relative_l2", &T::relative_l2, "", "norm of the difference / norm of the reference")),
    };
  }
};

/// A comparison of a case's frames with others: the metrics, and whether they can be trusted.
struct Quality : Metrics {
  std::string reference;
  bool identical = false;
  bool trusted = true;
  std::string untrusted_reason;
  std::optional<LatentDifference> latents;

  template <typename T = Quality>
  static constexpr auto fields() {
    return std::tuple_cat(
        T::Metrics::fields(),
        std::tuple{
            field("reference", &T::reference, "",
                  "name of the case, or directory of the run, that it was compared with"),
            field("identical", &T::identical, "", "whether every float of every frame is equal"),
            field("trusted", &T::trusted, "",
                  "false for frames without contrast or with NaN: equal grey frames prove nothing"),
            field("untrusted_reason", &T::untrusted_reason, "", "why it is not trusted; null where it is",
                  Presence::kNull),
            field("latents", &T::latents, "", "the final latents; null if either side has none",
                  Presence::kNull),
        });
  }
};

nlohmann::json to_json(const Metrics& record);
nlohmann::json to_json(const Quality& record);
/// Reads `quality`, `quality_self` or repeat.json.  Throws InputError naming the field.
Quality quality_from_json(const nlohmann::json& json);

/// One side of compare.json.
struct ComparedVideo {
  std::string path;
  std::string kind;
  std::optional<double> frames_per_second;

  template <typename T = ComparedVideo>
  static constexpr auto fields() {
    return std::tuple{
        field("path", &T::path, "", "the path as given"),
        field("kind", &T::kind, "", "\"video\", \"image folder\" or \"float frames\""),
        field("frames_per_second", &T::frames_per_second, "", "frame rate; null where the source has none",
              Presence::kNull),
    };
  }
};

struct WorstPicture {
  std::string file;
  std::int64_t frame = 0;
  int max_difference = 0;

  template <typename T = WorstPicture>
  static constexpr auto fields() {
    return std::tuple{
        field("file", &T::file, "", "reference, candidate and heat map side by side"),
        field("frame", &T::frame, "", "the frame"),
        field("max_difference", &T::max_difference, "8-bit steps", "largest difference in it"),
    };
  }
};

/// A comparison of two videos of any engine: compare.json.
struct ComparisonRecord {
  int schema_version = 1;
  ComparedVideo reference, candidate;
  std::int64_t frames = 0, height = 0, width = 0;
  Likeness verdict = Likeness::kDifferent;
  std::map<std::string, double> gates;
  std::vector<std::string> broken_gates;
  bool passed = false;
  Metrics quality;
  std::optional<metrics::DecodedDifference> decoded;
  std::string compared_as;
  std::vector<std::string> notes;
  std::optional<std::vector<WorstPicture>> pictures;

  template <typename T = ComparisonRecord>
  static constexpr auto fields() {
    return std::tuple{
        version(field("schema_version", &T::schema_version, "", "1")),
        field("reference", &T::reference, "", "the video that is right"),
        field("candidate", &T::candidate, "", "the video that is held against it"),
        field("frames", &T::frames, "", "number of frames of both"),
        field("height", &T::height, "pixels", "height of both"),
        field("width", &T::width, "pixels", "width of both"),
        field("verdict", &T::verdict, "", "`identical` (floats), `equal_8bit`, `different`, `untrusted`"),
        any_number(
            field("gates", &T::gates, "", "as given on the command line, by their names in scenarios")),
        field("broken_gates", &T::broken_gates, "", "why it did not pass"),
        field("passed", &T::passed, "", "what the exit code says"),
        field("quality", &T::quality, "", "every metric"),
        field("decoded", &T::decoded, "",
              "differences of the values as decoded; null where the two sides hold others", Presence::kNull),
        field("compared_as", &T::compared_as, "",
              "the values that decide on equality: \"floats\", those of `decoded`, or \"8-bit RGB\" and what "
              "of each "
              "side that leaves out",
              Presence::kAdded),
        field("notes", &T::notes, "", "what else a reader should know of how the two were compared",
              Presence::kAdded),
        field("pictures", &T::pictures, "", "the worst frames, with `--out`", Presence::kOmitted),
    };
  }
};

nlohmann::json to_json(const ComparisonRecord& record);
/// Reads compare.json.  Throws InputError naming the field.
ComparisonRecord comparison_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
