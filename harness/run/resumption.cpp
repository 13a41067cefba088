#include "harness/run/resumption.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/list.h"
#include "harness/run/entries.h"
#include "harness/run/suite_record.h"
#include "harness/scenario/case_json.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;

namespace {

/// Measured rounds that are discarded for the same reason.
struct Discarded {
  int rounds = 0;
  std::set<std::string> cases;
};

class Sieve {
 public:
  Sieve(const RunDirectory& directory, Origins& origins) : directory_(directory), origins_(origins) {}

  /// Looks at every round of the case, and forgets later ones that cannot stay; the first, and with it the
  /// case, is forgotten when it is run again.
  void sift(const Case& spec) {
    for (std::string& oddity : directory_.oddities(spec)) oddities_.push_back(std::move(oddity));
    sifted_.push_back(&spec);
    const records::Origin origin = origins_.of(spec);
    std::string of_first;
    for (int index = 0; index < rounds_of(spec) || directory_.is_begun(spec, index); ++index) {
      const std::string why = fmt::format("{}", fmt::join(directory_.obstacles(spec, index, origin), "; "));
      if (index == 0) of_first = why;
      const std::string& reason = of_first.empty() ? why : of_first;
      if (!directory_.is_measured(spec, index)) {
        if (directory_.has_error(spec, index)) directory_.forget(spec, index);
        continue;
      }
      if (reason.empty()) {
        ++kept_;
        continue;
      }
      ++discarded_[reason].rounds;
      discarded_[reason].cases.insert(spec.name);
      if (index > 0 && of_first.empty()) unusable_.emplace_back(&spec, index);
    }
    if (directory_.has_locked_error(spec)) directory_.forget_locked(spec);
    directory_.remove(directory_.locate_folder(spec));
  }

  void tell(std::ostream& said) const {
    for (const auto& [reason, discarded] : discarded_)
      said << fmt::format("--resume discards {} measured round{} of {} and measures again: {}\n",
                          discarded.rounds, discarded.rounds == 1 ? "" : "s",
                          base::list_of({discarded.cases.begin(), discarded.cases.end()}), reason);
    for (const std::string& oddity : oddities_) said << fmt::format("--resume removes it: {}\n", oddity);
  }

  /// Removes what cannot stay.  What cannot be removed is its case's error when that is measured.
  void forget_unusable(std::ostream& said) const {
    for (const Case* spec : sifted_) attempt(said, *spec, [&] { directory_.remove_oddities(*spec); });
    for (const auto& [spec, index] : unusable_) {
      const Case& own = *spec;
      attempt(said, own, [&, index = index] { directory_.forget(own, index); });
    }
  }

  /// Says what went wrong with one case, which takes nothing from the others.
  template <typename Act>
  static void attempt(std::ostream& said, const Case& spec, const Act& act) {
    try {
      act();
    } catch (const std::exception& error) {
      said << fmt::format("warning: {}: {}\n", spec.name, message_of(error));
    }
  }

  int kept() const { return kept_; }

 private:
  const RunDirectory& directory_;
  Origins& origins_;
  std::map<std::string, Discarded> discarded_;
  std::vector<std::string> oddities_;
  std::vector<const Case*> sifted_;
  std::vector<std::pair<const Case*, int>> unusable_;
  int kept_ = 0;
};

std::string name_of(const nlohmann::json& spec) { return scenario::case_from_json(spec).name; }

/// Scenario files by their names as far as another spelling of their paths leaves them the same, with the
/// cases that they name now.
class NamedNow {
 public:
  NamedNow(const scenario::Suite& suite, const records::SuiteRecord& before) {
    std::set<std::string> names = suite.left_out;
    for (const Case& spec : suite.cases) names.insert(spec.name);
    for (const fs::path& file : suite.files) names_[file.filename()] = names;
    for (const fs::path file : before.scenarios)
      if (!names_.contains(file.filename())) names_[file.filename()] = names_in(file);
  }

  /// The file that named the case and does so no more; nothing where it still does, or cannot be read.
  std::optional<fs::path> lost_by(const Case& spec) const {
    const fs::path file = fs::path(spec.where.file).filename();
    const auto found = names_.find(file);
    if (found == names_.end() || !found->second || found->second->contains(spec.name)) return std::nullopt;
    return file;
  }

 private:
  static std::optional<std::set<std::string>> names_in(const fs::path& file) {
    try {
      std::set<std::string> names;
      // Checkpoints do not matter to names; the file may leave its own to the command line.
      for (const Case& spec : scenario::load_suite({file}, {.checkpoint = "."}).cases)
        names.insert(spec.name);
      return names;
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

  std::map<fs::path, std::optional<std::set<std::string>>> names_;
};

/// The baselines of the cases that stay: without them the others could not be judged.
std::set<std::string> baselines_of(const std::vector<Case>& cases, const NamedNow& named) {
  std::set<std::string> baselines;
  for (const Case& spec : cases)
    if (!named.lost_by(spec)) baselines.insert(spec.baseline);
  return baselines;
}

}  // namespace

int discard_unusable(const std::vector<Case>& cases, const RunDirectory& directory, Origins& origins,
                     std::ostream& said) {
  Sieve sieve(directory, origins);
  for (const Case& spec : cases)
    if (spec.skip_reason.empty()) Sieve::attempt(said, spec, [&] { sieve.sift(spec); });
  sieve.tell(said);
  said.flush();
  sieve.forget_unusable(said);
  return sieve.kept();
}

records::SuiteRecord resumed(records::SuiteRecord now, const records::SuiteRecord& before,
                             const scenario::Suite& suite, std::ostream& said) {
  std::map<std::string, nlohmann::json> own;
  for (const nlohmann::json& spec : now.cases) own[name_of(spec)] = spec;
  const NamedNow named(suite, before);
  const std::vector<Case> cases_before = cases_of(before);
  const std::set<std::string> baselines = baselines_of(cases_before, named);
  // The order of the run before, then what is new.
  std::vector<nlohmann::json> cases;
  std::set<std::string> unnamed(before.unnamed.begin(), before.unnamed.end());
  for (std::size_t i = 0; i < cases_before.size(); ++i) {
    const Case& spec = cases_before[i];
    const auto lost_by = named.lost_by(spec);
    if (const auto found = own.find(spec.name); found != own.end()) {
      cases.push_back(found->second);
      own.erase(found);
    } else if (!lost_by || baselines.contains(spec.name)) {
      cases.push_back(before.cases[i]);
    } else {
      unnamed.insert(spec.name);
      said << fmt::format("NOTE case '{}' is no longer in {}: its folder stays, the reports leave it out\n",
                          spec.name, lost_by->string());
    }
  }
  for (const nlohmann::json& spec : now.cases)
    if (own.contains(name_of(spec))) cases.push_back(spec);
  now.cases = std::move(cases);
  for (const nlohmann::json& spec : now.cases) unnamed.erase(name_of(spec));
  now.unnamed.assign(unnamed.begin(), unnamed.end());
  std::set<fs::path> files;
  for (const fs::path& file : suite.files) files.insert(file.filename());
  for (const std::string& scenario : before.scenarios)
    if (!files.contains(fs::path(scenario).filename())) now.scenarios.push_back(scenario);
  return now;
}

}  // namespace isoframe::harness::run
