#include "harness/run/history.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <sqlite3.h>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_file.h"
#include "harness/run/entries.h"
#include "harness/scenario/case_json.h"
#include "harness/scenario/likeness.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;

namespace {

constexpr int kSchema = 3;
constexpr const char* kTables = R"sql(
  CREATE TABLE IF NOT EXISTS runs (
    directory TEXT PRIMARY KEY, scenario TEXT NOT NULL, machine TEXT NOT NULL, started TEXT NOT NULL,
    commit_id TEXT NOT NULL, accepted INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS cases (
    directory TEXT NOT NULL REFERENCES runs(directory) ON DELETE CASCADE, name TEXT NOT NULL, verdict TEXT NOT NULL,
    seconds REAL, peak_tensor_bytes REAL, psnr REAL, ssim REAL, numerics TEXT NOT NULL DEFAULT '',
    device TEXT NOT NULL DEFAULT '', weights TEXT NOT NULL DEFAULT '', settings TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (directory, name));
)sql";
/// Columns that a schema did not have, by its number.
constexpr std::pair<int, const char*> kAdded[] = {
    {1, "ALTER TABLE cases ADD COLUMN numerics TEXT NOT NULL DEFAULT ''"},
    {2, "ALTER TABLE cases ADD COLUMN device TEXT NOT NULL DEFAULT ''"},
    {2, "ALTER TABLE cases ADD COLUMN weights TEXT NOT NULL DEFAULT ''"},
    {2, "ALTER TABLE cases ADD COLUMN settings TEXT NOT NULL DEFAULT ''"}};
/// The columns of RecordedRun and RecordedCase, in the order in which Statement reads them.
constexpr const char* kRunColumns = "directory, scenario, machine, started, commit_id, accepted";
constexpr const char* kCaseColumns =
    "name, verdict, seconds, peak_tensor_bytes, psnr, ssim, numerics, device, weights, settings";

std::string scenario_of(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const fs::path file : files) names.push_back(file.filename());
  return fmt::format("{}", fmt::join(names, "+"));
}

/// The device of a case: "cpu", or its ranks' GPUs, each model once.
std::string device_of(const records::CaseResult& result) {
  std::vector<std::string> models;
  for (const records::RankResult& rank : result.ranks)
    if (rank.device && std::ranges::find(models, rank.device->name) == models.end())
      models.push_back(rank.device->name);
  return models.empty() ? "cpu" : fmt::format("{}", fmt::join(models, " + "));
}

/// Content of the checkpoint's parts; empty where the rounds do not say it.
std::string weights_of(const records::CaseResult& result) {
  if (result.origins.empty()) return {};
  return nlohmann::json(result.origins.back().origin.checkpoint).dump();
}

using CheckpointParts = std::map<std::string, std::string>;

CheckpointParts parts_of(const std::string& weights) {
  return weights.empty() ? CheckpointParts{} : nlohmann::json::parse(weights).get<CheckpointParts>();
}

/// The parts of a checkpoint in which it differs from any of `all`: "transformer 1f3a98b2".
std::string differing_parts(const CheckpointParts& own, const std::vector<CheckpointParts>& all) {
  constexpr std::size_t kShown = 8;  // digits of a fingerprint
  std::vector<std::string> shown;
  for (const auto& [part, print] : own) {
    const bool is_everywhere = std::ranges::all_of(all, [&](const CheckpointParts& one) {
      const auto found = one.find(part);
      return found != one.end() && found->second == print;
    });
    if (!is_everywhere) shown.push_back(fmt::format("{} {}", part, print.substr(0, kShown)));
  }
  return shown.empty() ? "other weights" : fmt::format("{}", fmt::join(shown, ", "));
}

/// Differences of a case from recorded settings.  A size that the scenario leaves to the checkpoint or the
/// image is what it was.
std::vector<scenario::Difference> differences(const scenario::Case& spec, const std::string& settings) {
  const nlohmann::json recorded = nlohmann::json::parse(settings, nullptr, /*allow_exceptions=*/false);
  if (!recorded.is_object()) throw InputError("the history holds settings that are damaged: " + settings);
  std::vector<scenario::Difference> found = scenario::differences(spec, recorded);
  std::erase_if(found, [&](const scenario::Difference& one) {
    return (one.key == "height" && !spec.height) || (one.key == "width" && !spec.width);
  });
  return found;
}

/// The rows of one run that are `cases`, by index; where several rows or cases are asked for alike, names
/// tell which is which.
std::map<std::size_t, RecordedCase> matches(const std::vector<scenario::Case>& cases,
                                            const std::vector<RecordedCase>& rows) {
  std::map<std::size_t, RecordedCase> found;
  for (std::size_t index = 0; index < cases.size(); ++index) {
    for (const RecordedCase& row : rows) {
      const bool has_other_name = row.name != cases[index].name;
      if (has_other_name &&
          (found.contains(index) || std::ranges::find(cases, row.name, &scenario::Case::name) != cases.end()))
        continue;
      if (!row.settings.empty() && differences(cases[index], row.settings).empty()) found[index] = row;
    }
  }
  return found;
}

/// Names the series of the rows of one case: by the case's name alone, or with what differs among them.
void name_series(const std::string& name, const std::vector<RecordedCase*>& rows) {
  std::set<std::string> machines, devices, weights;
  for (const RecordedCase* row : rows) {
    machines.insert(row->run.machine);
    devices.insert(row->device);
    weights.insert(row->weights);
  }
  std::vector<CheckpointParts> checkpoints;
  std::ranges::transform(weights, std::back_inserter(checkpoints), parts_of);
  for (RecordedCase* row : rows) {
    std::vector<std::string> parts;
    if (machines.size() > 1) parts.push_back(row->run.machine);
    if (devices.size() > 1) parts.push_back(row->device);
    if (weights.size() > 1) parts.push_back(differing_parts(parts_of(row->weights), checkpoints));
    row->series = parts.empty() ? name : fmt::format("{} ({})", name, fmt::join(parts, ", "));
  }
}

}  // namespace

std::string machine_of(const records::Environment& environment) {
  return fmt::format("{}, {} cores", environment.cpu.empty() ? "unknown processor" : environment.cpu,
                     environment.cores);
}

struct History::Database {
  fs::path file;
  sqlite3* handle = nullptr;

  ~Database() { sqlite3_close(handle); }

  [[noreturn]] void fail() const {
    throw InputError(
        fmt::format("{}: cannot be used as a history: {}", file.string(), sqlite3_errmsg(handle)));
  }
  void execute(const char* sql) const {
    if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }
  /// Goes on with a copy in memory, which can be changed where the file cannot.
  void copy_to_memory() {
    sqlite3* const read = std::exchange(handle, nullptr);
    const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> closed(read, sqlite3_close);
    if (sqlite3_open(":memory:", &handle) != SQLITE_OK) fail();
    sqlite3_backup* const backup = sqlite3_backup_init(handle, "main", read, "main");
    if (backup == nullptr) fail();
    const int copied = sqlite3_backup_step(backup, -1);
    if (sqlite3_backup_finish(backup) != SQLITE_OK || copied != SQLITE_DONE) fail();
  }
};

namespace {

/// A prepared statement with its parameters bound in order.
class Statement {
 public:
  Statement(sqlite3* handle, const char* sql) : handle_(handle) {
    if (sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr) != SQLITE_OK) fail();
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(const std::string& text) {
    check(sqlite3_bind_text(statement_, ++bound_, text.c_str(), -1, SQLITE_TRANSIENT));
    return *this;
  }
  Statement& bind(const std::optional<double>& value) {
    check(value ? sqlite3_bind_double(statement_, ++bound_, *value)
                : sqlite3_bind_null(statement_, ++bound_));
    return *this;
  }
  /// Goes on to the next row; false when there is none.
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) fail();
    return code == SQLITE_ROW;
  }
  std::string text(int column) const {
    return reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  }
  bool flag(int column) const { return sqlite3_column_int(statement_, column) != 0; }
  int integer(int column) const { return sqlite3_column_int(statement_, column); }
  std::optional<double> real(int column) const {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
    return sqlite3_column_double(statement_, column);
  }
  /// The columns of kRunColumns, and of kCaseColumns after them.
  RecordedRun run() const { return {text(0), text(1), text(2), text(3), text(4), flag(5)}; }
  RecordedCase recorded_case() const {
    return {run(),    text(6),  text(7),  real(8),  real(9), real(10),
            real(11), text(12), text(13), text(14), text(15)};
  }

 private:
  void check(int code) const {
    if (code != SQLITE_OK) fail();
  }
  [[noreturn]] void fail() const {
    throw RunError(fmt::format("the history cannot be read or written: {}", sqlite3_errmsg(handle_)));
  }

  sqlite3* handle_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

}  // namespace

std::map<std::string, CaseFacts> facts_of(const fs::path& directory, const records::RunRecord& run) {
  std::map<std::string, CaseFacts> facts;
  for (const records::CaseRow& row : run.cases) {
    const fs::path file = directory / row.name / "result.json";
    try {
      if (!is_file(file)) continue;
      const records::CaseResult result = base::read_record(file, records::case_result_from_json);
      facts[row.name] = {.device = device_of(result),
                         .weights = weights_of(result),
                         .settings = scenario::measured_key(scenario::case_from_json(result.spec)).dump()};
    } catch (const std::exception&) {
      continue;  // a damaged record is told by the run's own verdict
    }
  }
  return facts;
}

History::History(const fs::path& file, Access access) : database_(std::make_unique<Database>()) {
  Database& db = *database_;
  db.file = file;
  const int flags =
      access == Access::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(file.c_str(), &db.handle, flags, nullptr) != SQLITE_OK) db.fail();
  sqlite3_busy_timeout(db.handle, 10'000);           // another run may be writing
  db.execute("SELECT count(*) FROM sqlite_master");  // opening alone does not check that it is a database
  db.execute("PRAGMA foreign_keys = ON");
  const int schema = [&] {
    Statement version(db.handle, "PRAGMA user_version");
    version.step();
    return version.integer(0);
  }();
  if (schema > kSchema) {
    throw InputError(fmt::format("{}: written by a newer isoframe (schema {}, this one knows {})",
                                 file.string(), schema, kSchema));
  }
  if (access == Access::kRead) {
    if (schema == kSchema) return;
    if (schema == 0) throw InputError(fmt::format("{}: holds no history", file.string()));
    db.copy_to_memory();  // reading needs the present schema, but the file may lie on read-only media
  }
  // Taken even where nothing changes, so that a file that cannot be written is found now.
  db.execute("BEGIN IMMEDIATE");
  db.execute(kTables);
  for (const auto& [version, column] : kAdded)
    if (schema != 0 && schema <= version) db.execute(column);
  db.execute(fmt::format("PRAGMA user_version = {}", kSchema).c_str());
  db.execute("COMMIT");
  if (schema != 0 && schema < kSchema) complete_older_runs();
}

/// Gives runs of an older schema what it did not hold, as far as their directories are still there.
void History::complete_older_runs() {
  std::vector<fs::path> directories;
  {
    Statement rows(database_->handle, "SELECT directory FROM runs");
    while (rows.step()) directories.emplace_back(rows.text(0));
  }
  for (const fs::path& directory : directories) {
    try {
      const records::RunRecord run = base::read_record(directory / "run.json", records::run_record_from_json);
      record(directory, run, facts_of(directory, run));
    } catch (const InputError&) {
      continue;  // gone, or damaged: it stays as it was recorded
    }
  }
}

History::~History() = default;

void History::record(const fs::path& directory, const records::RunRecord& run,
                     const std::map<std::string, CaseFacts>& facts) {
  sqlite3* handle = database_->handle;
  const std::string where = fs::absolute(directory).lexically_normal();
  database_->execute("BEGIN IMMEDIATE");
  Statement(handle,
            "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, 0) ON CONFLICT (directory) DO UPDATE SET "
            "scenario = ?2, machine = ?3, started = ?4, commit_id = ?5")
      .bind(where)
      .bind(scenario_of(run.scenarios))
      .bind(machine_of(run.environment))
      .bind(run.started)
      .bind(run.environment.isoframe.commit)
      .step();
  Statement(handle, "DELETE FROM cases WHERE directory = ?").bind(where).step();
  for (const records::CaseRow& row : run.cases) {
    const auto known = facts.find(row.name);
    const CaseFacts own = known == facts.end() ? CaseFacts{} : known->second;
    Statement(handle,
              fmt::format("INSERT INTO cases (directory, {}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                          kCaseColumns)
                  .c_str())
        .bind(where)
        .bind(row.name)
        .bind(records::name_of(row.verdict))
        .bind(row.seconds)
        .bind(row.peak_tensor_bytes)
        .bind(row.psnr)
        .bind(row.ssim)
        .bind(records::name_of(row.numerics))
        .bind(own.device)
        .bind(own.weights)
        .bind(own.settings)
        .step();
  }
  database_->execute("COMMIT");
}

void History::accept(const fs::path& directory) {
  const std::string where = fs::absolute(directory).lexically_normal();
  Statement(database_->handle, "UPDATE runs SET accepted = 1 WHERE directory = ?").bind(where).step();
  if (sqlite3_changes(database_->handle) == 0)
    throw InputError(fmt::format("{}: not in the history {}", where, database_->file.string()));
}

std::vector<RecordedRun> History::accepted() const {
  Statement rows(
      database_->handle,
      fmt::format("SELECT {} FROM runs WHERE accepted ORDER BY started DESC", kRunColumns).c_str());
  std::vector<RecordedRun> result;
  while (rows.step()) result.push_back(rows.run());
  return result;
}

/// Rows of each run on the machine for which `condition` on `runs` holds, newest run first.
std::vector<std::vector<RecordedCase>> History::runs_where(const std::string& condition,
                                                           const std::string& machine) const {
  Statement rows(
      database_->handle,
      fmt::format("SELECT {}, {} FROM runs JOIN cases USING (directory) WHERE (?1 = '' OR machine = "
                  "?1) AND ({}) ORDER BY started DESC, directory, name",
                  kRunColumns, kCaseColumns, condition)
          .c_str());
  rows.bind(machine);
  std::vector<std::vector<RecordedCase>> result;
  while (rows.step()) {
    RecordedCase row = rows.recorded_case();
    if (result.empty() || result.back().front().run.directory != row.run.directory) result.emplace_back();
    result.back().push_back(std::move(row));
  }
  return result;
}

std::vector<RecordedRun> History::accepted(const std::vector<scenario::Case>& cases,
                                           const std::string& machine) const {
  std::map<std::size_t, std::vector<RecordedRun>, std::greater<>> by_matches;
  for (const std::vector<RecordedCase>& rows : runs_where("accepted", machine))
    if (const std::size_t count = matches(cases, rows).size()) by_matches[count].push_back(rows.front().run);
  std::vector<RecordedRun> result;
  for (auto& [count, runs] : by_matches) std::ranges::move(runs, std::back_inserter(result));
  return result;
}

std::vector<fs::path> History::last_passed(const std::vector<scenario::Case>& cases,
                                           const std::string& machine, std::size_t count) const {
  std::vector<fs::path> result;
  for (const std::vector<RecordedCase>& rows : runs_where(
           "EXISTS (SELECT 1 FROM cases WHERE cases.directory = runs.directory AND verdict = 'passed') "
           "AND NOT EXISTS (SELECT 1 FROM cases WHERE cases.directory = runs.directory AND verdict IN "
           "('failed', 'untrusted', 'error'))",
           machine)) {
    if (result.size() == count) break;
    const fs::path directory = rows.front().run.directory;
    if (!matches(cases, rows).empty() && fs::exists(directory / "run.json")) result.push_back(directory);
  }
  return result;
}

std::vector<RecordedCase> History::cases(const std::vector<scenario::Case>& cases,
                                         const std::string& machine) const {
  std::vector<std::vector<RecordedCase>> by_case(cases.size());
  std::vector<std::vector<RecordedCase>> runs = runs_where("1", machine);
  for (auto rows = runs.rbegin(); rows != runs.rend(); ++rows)
    for (auto& [index, row] : matches(cases, *rows)) by_case[index].push_back(std::move(row));
  std::vector<RecordedCase> result;
  for (std::size_t index = 0; index < cases.size(); ++index) {
    std::vector<RecordedCase*> rows;
    for (RecordedCase& row : by_case[index]) rows.push_back(&row);
    if (!rows.empty()) name_series(cases[index].name, rows);
    std::ranges::move(by_case[index], std::back_inserter(result));
  }
  return result;
}

std::string History::nearest_difference(const std::vector<scenario::Case>& cases,
                                        const std::string& machine) const {
  for (const std::vector<RecordedCase>& rows : runs_where("1", machine)) {
    for (const RecordedCase& row : rows) {
      const auto spec = std::ranges::find(cases, row.name, &scenario::Case::name);
      if (spec == cases.end() || row.settings.empty()) continue;
      const std::vector<scenario::Difference> found = differences(*spec, row.settings);
      if (!found.empty()) return fmt::format("of case '{}', {}", row.name, found.front().text);
    }
  }
  return {};
}

}  // namespace isoframe::harness::run
