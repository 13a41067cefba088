#include "harness/compare/output_folder.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "reports/comparison.h"
#include "reports/heat_map.h"

namespace isoframe::harness::compare {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRecord = "compare.json";
constexpr const char* kReport = "report.md";

std::string picture_name(std::size_t place, std::int64_t frame) {
  return fmt::format("worst-{}-frame-{}.png", place, frame);
}

/// Takes `text` off the front of `name`; false if it does not begin so.
bool take(std::string_view& name, std::string_view text) {
  if (!name.starts_with(text)) return false;
  name.remove_prefix(text.size());
  return true;
}

bool take_number(std::string_view& name) {
  const auto end =
      std::find_if_not(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  const auto digits = static_cast<std::size_t>(end - name.begin());
  name.remove_prefix(digits);
  return digits > 0;
}

/// True for a name that picture_name() makes: a record from elsewhere may list any file.
bool is_picture_name(std::string_view name) {
  return take(name, "worst-") && take_number(name) && take(name, "-frame-") && take_number(name) &&
         name == ".png";
}

}  // namespace

OutputFolder::OutputFolder(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  if (fs::exists(path_, error) && !fs::is_directory(path_, error))
    throw InputError(fmt::format("{} is not a directory; choose another --out", path_.string()));
  fs::create_directories(path_, error);
  if (error)
    throw InputError(fmt::format("{}: the folder cannot be made: {}; choose another --out", path_.string(),
                                 error.message()));
  for (const char* name : {kRecord, kReport}) {
    if (fs::is_directory(path_ / name))
      throw InputError(fmt::format("{} is a folder; choose another --out", (path_ / name).string()));
    try {
      base::AtomicFile(path_ / name).write("{}");
    } catch (const RunError& refused) {
      throw InputError(fmt::format("{}; choose another --out", refused.what()));
    }
  }
}

void OutputFolder::remove_earlier_pictures() const {
  reports::records::ComparisonRecord earlier;
  try {
    if (!fs::exists(path_ / kRecord)) return;
    earlier = reports::records::comparison_from_json(base::read_json(path_ / kRecord));
  } catch (const InputError&) {
    return;  // another program's file of that name lists no pictures of ours
  }
  if (!earlier.pictures) return;
  for (const reports::records::WorstPicture& picture : *earlier.pictures) {
    std::error_code error;
    if (is_picture_name(picture.file) && fs::is_regular_file(path_ / picture.file, error))
      fs::remove(path_ / picture.file, error);
  }
}

void OutputFolder::write(reports::records::ComparisonRecord& result, const WorstFrames& worst) const {
  remove_earlier_pictures();
  // The pictures first, so that those that the documents name exist.
  auto& pictures = result.pictures.emplace();
  for (const WorstFrames::Pair& pair : worst.pairs()) {
    const std::string name = picture_name(pictures.size() + 1, pair.index);
    const reports::HeatMap map =
        reports::heat_map(pair.reference.data(), pair.candidate.data(), result.height, result.width);
    base::write_text(path_ / name, reports::png_of_three(pair.reference.data(), pair.candidate.data(), map,
                                                         result.height, result.width));
    pictures.push_back({name, pair.index, map.largest});
  }
  base::write_text(path_ / kReport, reports::comparison_markdown(result));
  base::write_json(path_ / kRecord, reports::records::to_json(result));
}

}  // namespace isoframe::harness::compare
