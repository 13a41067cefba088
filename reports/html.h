#pragma once
// report.html: one file that needs no network, for people who want to see what changed and where.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace isoframe::reports {

/// A frame of a case beside its baseline's, as data URIs.
struct FramePictures {
  std::int64_t frame = 0;
  std::string reference, candidate, heat;
  int largest = 0;  ///< the brightest difference of `heat`, of 255
};

struct HtmlCase {
  nlohmann::json result;                              ///< result.json
  nlohmann::json timeline = nlohmann::json::array();  ///< a list a rank: its events (reports/trace.h)
  std::vector<FramePictures> pictures;
  std::string thumbnail;  ///< a data URI, or empty
  std::string note;       ///< why there are no or fewer pictures
};

/// "data:image/jpeg;base64,..." of an image file's bytes.
std::string data_uri(const std::string& mime_type, const std::string& bytes);

/// JSON that can stand in a <script> element: no "<", and U+2028 and U+2029 escaped.
std::string script_safe(const nlohmann::json& value);

/// `run` is run.json; `cases` by name, as far as there is more to show than their rows.
std::string html_report(const nlohmann::json& run, const std::map<std::string, HtmlCase>& cases);

}  // namespace isoframe::reports
