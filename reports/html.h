#pragma once
// report.html: one file that needs no network, for people who want to see what changed and where.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/case_result.h"
#include "reports/records/run_record.h"
#include "reports/records/stage_event.h"

namespace isoframe::reports {

/// A frame of a case beside its baseline's, as data URIs.
struct FramePictures {
  std::int64_t frame = 0;
  std::string reference, candidate, heat;
  int largest = 0;  ///< the brightest difference of `heat`, of 255
};

/// The parts of a case's section that are not in its row of the run.
struct HtmlCase {
  records::CaseResult result;
  std::vector<records::StageEvents> timeline;  ///< of each rank: the stages that are drawn beside each other
  std::vector<FramePictures> pictures;
  std::string thumbnail;  ///< a data URI, or empty
  std::string note;       ///< the reason for no or fewer pictures
};

/// "data:image/jpeg;base64,..." of an image file's bytes.
std::string data_uri(const std::string& mime_type, const std::string& bytes);

/// JSON that can stand in a <script> element: no "<", and U+2028 and U+2029 escaped.
std::string script_safe(const nlohmann::json& value);

/// Bytes that the details of all cases may take in a page, pictures apart.
inline constexpr std::size_t kDetailBytes = 4U << 20;

/// The whole page.  `cases` are by name, as far as there is more to show than their rows.  Where their
/// details would take more than kDetailBytes, cases that did not pass or differ come first; others lose their
/// timeline, or all but their row, and say so.
std::string html_report(const records::RunRecord& run, const std::map<std::string, HtmlCase>& cases);

}  // namespace isoframe::reports
