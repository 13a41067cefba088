#include "harness/qualify/resume.h"

#include <algorithm>
#include <exception>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json_file.h"
#include "base/time.h"
#include "harness/qualify/evidence_check.h"
#include "harness/qualify/pool.h"
#include "harness/run/run_lock.h"
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
    const auto differences = scenario::measured_otherwise(spec, one.spec);
    if (!differences.empty()) return fmt::format("of another '{}': {}", spec.name, differences.front());
    if (pool_of(spec) != one.pool)
      return fmt::format("of another '{}': it had to equal '{}' then, '{}' now", spec.name, one.pool,
                         pool_of(spec));
  }
  return {};
}

/// Says in what origins are others than those of the evidence; empty if measurements of one count for the
/// other.
std::string other_origins(const std::vector<records::Origin>& origins, const records::Evidence& evidence) {
  for (std::size_t index = 0; index < origins.size(); ++index) {
    const records::CaseEvidence& one = evidence.cases[index];
    const std::vector<std::string> differences = records::differences(origins[index], one.origin);
    if (!differences.empty())
      return fmt::format("of another program, machine or content ('{}'): {}", one.name,
                         fmt::join(differences, "; "));
  }
  return {};
}

/// The ballots of the evidence, by pool.
std::map<std::string, Ballot> ballots_of(const records::Evidence& evidence) {
  std::map<std::string, Ballot> ballots;
  for (const auto& [pool, record] : evidence.ballots)
    ballots.emplace(pool, Ballot(record, fmt::format("ballots.{}", pool)));
  return ballots;
}

}  // namespace

Session new_session(const std::vector<Case>& cases, const std::vector<records::Origin>& origins) {
  Session session;
  session.evidence.started = base::utc_now();
  for (std::size_t index = 0; index < cases.size(); ++index) {
    const Case& spec = cases[index];
    records::CaseEvidence& one = session.evidence.cases.emplace_back();
    one.name = spec.name;
    one.layout = model::parallel::to_string(spec.layout);
    one.ranks = spec.layout.world_size();
    one.pool = pool_of(spec);
    one.spec = scenario::to_json(spec);
    one.origin = origins[index];
  }
  return session;
}

Session resumed_session(const fs::path& out, const std::vector<Case>& cases,
                        const std::vector<records::Origin>& origins) {
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
    session.ballots = ballots_of(session.evidence);
    check(session.evidence);
    session.evidence.ballots.clear();
  } catch (const InputError& error) {
    throw damaged(error);
  } catch (const nlohmann::json::exception& error) {
    throw damaged(error);
  }
  std::string other = other_cases(cases, session.evidence);
  if (other.empty()) other = other_origins(origins, session.evidence);
  if (!other.empty())
    throw InputError(fmt::format("{} is {}; name another --out to begin anew", file.string(), other));
  for (std::size_t index = 0; index < cases.size(); ++index)
    session.evidence.cases[index].spec = scenario::to_json(cases[index]);
  return session;
}

bool is_free(const fs::path& out) {
  return std::ranges::all_of(fs::directory_iterator(out), [](const fs::directory_entry& entry) {
    return run::RunLock::is_lock(entry.path()) || base::is_temporary_file(entry.path());
  });
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
  base::remove_abandoned_files(out);
}

}  // namespace isoframe::harness::qualify
