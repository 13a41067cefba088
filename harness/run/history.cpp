#include "harness/run/history.h"

#include <sqlite3.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "harness/run/suite_record.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;

namespace {

constexpr int kSchema = 2;
constexpr const char* kTables = R"sql(
  CREATE TABLE IF NOT EXISTS runs (
    directory TEXT PRIMARY KEY, scenario TEXT NOT NULL, machine TEXT NOT NULL, started TEXT NOT NULL,
    commit_id TEXT NOT NULL, accepted INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS cases (
    directory TEXT NOT NULL REFERENCES runs(directory) ON DELETE CASCADE, name TEXT NOT NULL, verdict TEXT NOT NULL,
    seconds REAL, peak_tensor_bytes REAL, psnr REAL, ssim REAL, numerics TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (directory, name));
)sql";
/// Columns that schema 1 did not have.
constexpr const char* kAddedToSchema1 = "ALTER TABLE cases ADD COLUMN numerics TEXT NOT NULL DEFAULT ''";

std::string scenario_of(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const fs::path file : files) names.push_back(file.filename());
  return fmt::format("{}", fmt::join(names, "+"));
}

/// The device that all cases ran on, or the list of devices: ["cpu","cuda"].
std::string device_text(const records::Environment& environment) {
  if (!environment.device) return "cpu";
  if (const auto* one = std::get_if<std::string>(&*environment.device)) return *one;
  return nlohmann::json(std::get<std::vector<std::string>>(*environment.device)).dump();
}

}  // namespace

std::string machine_of(const records::Environment& environment) {
  return fmt::format("{}, {} cores, {}", environment.cpu.empty() ? "unknown processor" : environment.cpu,
                     environment.cores, device_text(environment));
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
  RecordedRun run() const { return {text(0), text(1), text(2), text(3), text(4), flag(5)}; }

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

History::History(const fs::path& file) : database_(std::make_unique<Database>()) {
  Database& db = *database_;
  db.file = file;
  if (sqlite3_open(file.c_str(), &db.handle) != SQLITE_OK) db.fail();
  sqlite3_busy_timeout(db.handle, 10'000);           // another run may be writing
  db.execute("SELECT count(*) FROM sqlite_master");  // opening alone does not check that it is a database
  db.execute("PRAGMA foreign_keys = ON");
  Statement version(db.handle, "PRAGMA user_version");
  version.step();
  if (version.integer(0) > kSchema) {
    throw InputError(fmt::format("{}: written by a newer isoframe (schema {}, this one knows {})",
                                 file.string(), version.integer(0), kSchema));
  }
  if (version.integer(0) == 1) db.execute(kAddedToSchema1);
  db.execute(kTables);
  db.execute(fmt::format("PRAGMA user_version = {}", kSchema).c_str());
}

History::~History() = default;

void History::record(const fs::path& directory, const records::RunRecord& run) {
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
    Statement(handle, "INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(where)
        .bind(row.name)
        .bind(records::name_of(row.verdict))
        .bind(row.seconds)
        .bind(row.peak_tensor_bytes)
        .bind(row.psnr)
        .bind(row.ssim)
        .bind(records::name_of(row.numerics))
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

std::vector<RecordedRun> History::accepted(const std::string& scenario, const std::string& machine) const {
  Statement rows(
      database_->handle,
      "SELECT directory, scenario, machine, started, commit_id, accepted FROM runs WHERE accepted AND "
      "(?1 = '' OR scenario = ?1) AND (?2 = '' OR machine = ?2) ORDER BY started DESC");
  rows.bind(scenario).bind(machine);
  std::vector<RecordedRun> result;
  while (rows.step()) result.push_back(rows.run());
  return result;
}

std::vector<fs::path> History::last_passed(const records::SuiteRecord& suite,
                                           const std::vector<scenario::Case>& cases,
                                           std::size_t count) const {
  Statement rows(
      database_->handle,
      "SELECT directory FROM runs WHERE scenario = ? AND machine = ? AND EXISTS (SELECT 1 FROM cases "
      "WHERE cases.directory = runs.directory AND verdict = 'passed') AND NOT EXISTS (SELECT 1 FROM "
      "cases WHERE cases.directory = runs.directory AND verdict IN ('failed', 'untrusted', 'error')) "
      "ORDER BY started DESC");
  rows.bind(scenario_of(suite.scenarios)).bind(machine_of(environment_of(suite, cases)));
  std::vector<fs::path> result;
  while (result.size() < count && rows.step())
    if (const fs::path directory = rows.text(0); fs::exists(directory / "run.json"))
      result.push_back(directory);
  return result;
}

std::vector<RecordedCase> History::cases(const std::string& scenario, const std::string& machine) const {
  Statement rows(database_->handle,
                 "SELECT directory, scenario, machine, started, commit_id, accepted, name, verdict, seconds, "
                 "peak_tensor_bytes, psnr, ssim, numerics FROM runs JOIN cases USING (directory) WHERE "
                 "scenario = ?1 AND "
                 "(?2 = '' OR machine = ?2) ORDER BY name, started");
  rows.bind(scenario).bind(machine);
  std::vector<RecordedCase> result;
  while (rows.step()) {
    result.push_back({rows.run(), rows.text(6), rows.text(7), rows.real(8), rows.real(9), rows.real(10),
                      rows.real(11), rows.text(12)});
  }
  return result;
}

}  // namespace isoframe::harness::run
