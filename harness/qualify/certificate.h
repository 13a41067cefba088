#pragma once
// From what was seen to a verdict: is this machine fit?

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/qualify/ballot.h"

namespace isoframe::harness::qualify {

/// A rank or link whose best rate is below this share of the best of its kind is slow.  Best against best:
/// another load only takes away.
inline constexpr double kSlowRank = 0.8;
inline constexpr double kSlowLink = 0.5;
/// The last third of the repetitions may take this much longer than the first.
inline constexpr double kSteady = 1.10;
/// With fewer repetitions there are no thirds to speak of.
inline constexpr std::size_t kFewestForSteadiness = 9;
/// With fewer there is no majority.
inline constexpr int kFewestRepetitions = 3;

struct CaseEvidence {
  std::string name;
  std::string layout;
  int ranks = 1;
  std::vector<double> seconds = {};  ///< from prompt to frames, of each repetition that ended well
  nlohmann::json errors = nlohmann::json::array();  ///< {repetition, rank, stage, message, last_words}
};

struct Evidence {
  int repetitions = 0;
  bool interrupted = false;
  std::size_t votes = 0;  ///< fingerprints compared
  std::vector<CaseEvidence> cases;
  std::vector<nlohmann::json> rates;  ///< of each repetition: the ranks' worker::rates_of(), in order
  std::vector<Deviation> deviations;
  std::vector<Undecided> undecided;
};

/// The verdict and what it rests on, as in certificate.json (reports/records/README.md): `verdict` is "fit",
/// "unfit" with its `reasons`, or "unfinished" after an interruption before there was a majority.
nlohmann::json certify(const Evidence& evidence);

}  // namespace isoframe::harness::qualify
