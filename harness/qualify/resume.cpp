#include "harness/qualify/resume.h"

#include <algorithm>
#include <exception>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/text.h"
#include "base/time.h"
#include "harness/qualify/evidence.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/likeness.h"

namespace isoframe::harness::qualify {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;

namespace {

/// Says why cases are others than those of the evidence; empty if they are the same.
std::string other_cases(const std::vector<Case>& cases, const records::Evidence& evidence) {
  std::vector<std::string> now, then;
  for (const Case& spec : cases) now.push_back(spec.name);
  for (const records::CaseEvidence& one : evidence.cases) then.push_back(one.name);
  if (now != then)
    return fmt::format("of other cases: {} then, {} now", fmt::join(then, ", "), fmt::join(now, ", "));
  for (std::size_t index = 0; index < cases.size(); ++index) {
    const Case& spec = cases[index];
    const records::CaseEvidence& one = evidence.cases[index];
    const auto differences = scenario::differences(spec, one.spec);
    if (!differences.empty()) return fmt::format("of another '{}': {}", spec.name, differences.front().text);
    if (scenario::measured_key(spec) != scenario::measured_key(scenario::case_from_json(one.spec)))
      return fmt::format("of another '{}': its checkpoint or image lay elsewhere", spec.name);
    if (pool_of(spec) != one.pool)
      return fmt::format("of another '{}': it had to equal '{}' then, '{}' now", spec.name, one.pool,
                         pool_of(spec));
  }
  return {};
}

/// Says how program or machine differ from those of the evidence; empty if they are the same.
std::string other_machine(const records::Environment& now, const records::Environment& then) {
  std::vector<records::DifferingFact> facts = records::differing_facts(now, then);
  const auto add = [&](const char* name, const std::string& own, const std::string& its) {
    if (own != its) facts.push_back({name, own, its});
  };
  add("version", now.isoframe.version, then.isoframe.version);
  add("commit", now.isoframe.commit, then.isoframe.commit);
  if (facts.empty()) return {};
  return fmt::format("of another program or machine: {}: {} then, {} now", facts.front().name,
                     facts.front().earlier, facts.front().now);
}

/// True for "certificate.json.x7Gh2Q": AtomicFile's name for `file` before it was whole.
bool is_half_written(const std::string& name, const std::string& file) {
  constexpr std::size_t kSuffix = sizeof(".XXXXXX") - 1;
  return name.size() == file.size() + kSuffix && name.starts_with(file + ".");
}

}  // namespace

std::string pool_of(const Case& spec) {
  return spec.gates.identical && !spec.baseline.empty() ? spec.baseline : spec.name;
}

Session new_session(const std::vector<Case>& cases, const records::Environment& environment) {
  Session session;
  session.evidence.started = base::utc_now();
  session.evidence.environment = environment;
  for (const Case& spec : cases) {
    records::CaseEvidence& one = session.evidence.cases.emplace_back();
    one.name = spec.name;
    one.layout = model::parallel::to_string(spec.layout);
    one.ranks = spec.layout.world_size();
    one.pool = pool_of(spec);
    one.spec = scenario::to_json(spec);
  }
  return session;
}

Session resumed_session(const fs::path& out, const std::vector<Case>& cases,
                        const records::Environment& environment) {
  const fs::path file = out / kEvidenceFile;
  if (!fs::exists(file))
    throw InputError(
        fmt::format("{} holds no {}, so there is nothing to go on with; leave --resume out or "
                    "name another --out",
                    out.string(), kEvidenceFile));
  const nlohmann::json json = base::read_json(file);
  Session session;
  const auto damaged = [&](const std::exception& error) {
    return InputError(
        fmt::format("{}: damaged: {}; name another --out to begin anew", file.string(), error.what()));
  };
  try {
    session.evidence = records::evidence_from_json(json);
    check(session.evidence);
    for (const records::CaseEvidence& one : session.evidence.cases) scenario::case_from_json(one.spec);
    for (const auto& [pool, record] : session.evidence.ballots) session.ballots.emplace(pool, record);
    session.evidence.ballots.clear();
  } catch (const InputError& error) {
    throw damaged(error);
  } catch (const nlohmann::json::exception& error) {
    throw damaged(error);
  }
  std::string other = other_cases(cases, session.evidence);
  if (other.empty()) other = other_machine(environment, session.evidence.environment);
  if (!other.empty())
    throw InputError(fmt::format("{} is {}; name another --out to begin anew", file.string(), other));
  return session;
}

void keep(const Session& session, const fs::path& out) {
  records::Evidence evidence = session.evidence;
  for (const auto& [pool, ballot] : session.ballots) evidence.ballots[pool] = ballot.record();
  base::write_compact_json(out / kEvidenceFile, records::to_json(evidence));
}

void remove_leftovers(const fs::path& out, const records::Evidence& evidence) {
  std::set<fs::path> kept;
  std::vector<fs::path> folders = {out / kRatesFolder};
  for (const records::CaseEvidence& one : evidence.cases) {
    folders.push_back(out / one.name);
    for (const records::RepetitionFailure& failure : one.errors) kept.insert(out / failure.logs);
  }
  std::error_code ignored;
  for (const fs::path& folder : folders) {
    std::vector<fs::path> repetitions;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
      repetitions.push_back(entry.path());
    for (const fs::path& repetition : repetitions) {
      const std::string name = repetition.filename().string();
      if (std::ranges::all_of(name, [](char c) { return '0' <= c && c <= '9'; }) &&
          !kept.contains(repetition))
        fs::remove_all(repetition);
    }
    fs::remove(folder, ignored);  // if it is empty
  }
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(out)) files.push_back(entry.path());
  for (const fs::path& file : files)
    for (const char* whole : {kEvidenceFile, kCertificateFile, kCertificateDocument})
      if (is_half_written(file.filename().string(), whole)) fs::remove(file);
}

}  // namespace isoframe::harness::qualify
