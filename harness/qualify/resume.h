#pragma once
// The evidence of an earlier session of `isoframe qualify`, from which another goes on.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/qualify/ballot.h"
#include "harness/scenario/case.h"
#include "reports/records/qualify_evidence.h"

namespace isoframe::harness::qualify {

inline constexpr const char* kEvidenceFile = "evidence.json";
inline constexpr const char* kCertificateFile = "certificate.json";
inline constexpr const char* kCertificateDocument = "certificate.md";
/// The folder of the trials of the machine, beside those of the cases.
inline constexpr const char* kRatesFolder = ".rates";

/// The evidence, with its ballots apart from the record.
struct Session {
  reports::records::Evidence evidence;
  std::map<std::string, Ballot> ballots;
};

/// A session that has not seen anything of these cases yet, each of which has its origin.
Session new_session(const std::vector<scenario::Case>& cases,
                    const std::vector<reports::records::Origin>& origins);

/// Reads the session that `out` holds.  Throws InputError, one line, if there is none, if its file is
/// damaged, which names the field, or if its cases, program, machine, or the content of a checkpoint or image
/// are others than these; where those lie does not matter.
Session resumed_session(const std::filesystem::path& out, const std::vector<scenario::Case>& cases,
                        const std::vector<reports::records::Origin>& origins);

/// True for a folder that holds nothing, or only what a session leaves that was killed at its very beginning.
bool is_free(const std::filesystem::path& out);

/// Replaces evidence.json in one step.
void keep(const Session& session, const std::filesystem::path& out);

/// Removes what a killed session has left in `out`: its last repetition's folders, half-written files.  The
/// logs of failures stay.
void remove_leftovers(const std::filesystem::path& out, const reports::records::Evidence& evidence);

}  // namespace isoframe::harness::qualify
