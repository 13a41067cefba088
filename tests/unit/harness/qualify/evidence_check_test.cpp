#include "harness/qualify/evidence_check.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "harness/qualify/evidence.h"
#include "harness/qualify/resume.h"
#include "harness/scenario/case_json.h"
#include "tests/unit/harness/qualify/machine.h"

namespace isoframe::harness::qualify {
namespace {

using reports::records::Evidence;
using reports::records::HostLoad;
using reports::records::Origin;
using testing::HasSubstr;

HostLoad load(bool is_busy, double own_seconds = 1.0) {
  HostLoad load;
  load.host = "here";
  load.processors = "0-3";
  load.processor_count = 4;
  load.seconds = 2.0;
  load.own_seconds = own_seconds;
  load.busy_seconds = is_busy ? 6.0 : 3.1;
  load.steal_seconds = 0.0;
  return load;
}

locate::Recording recording() {
  locate::Recording seen;
  for (int index = 0; index < 4; ++index) {
    locate::Part part;
    part.shape = {1, 8};
    part.print.hash = 7;
    part.print.norm = 1.0;
    seen.push_back({{"denoise", "latents", index, 0}, part});
  }
  return seen;
}

/// The harness's reading of its own ranks alone.
HostLoad quiet() { return load(false, kRanks); }

scenario::Case valid_case() {
  scenario::Case spec;
  spec.frames = 1;
  spec.steps = 1;
  return spec;
}

/// The evidence of repetitions of two cases, the third of them beside something else, and a fifth that was
/// broken off after the first case.
Evidence evidence() {
  std::vector<scenario::Case> cases(2, valid_case());
  cases[0].name = "base";
  cases[1].name = "three";
  cases[1].baseline = "base";
  cases[1].gates.identical = true;
  cases[1].layout.ulysses = kRanks;
  Origin origin;
  origin.program = "1";
  origin.checkpoint["transformer"] = "2";
  Session session = new_session(cases, {origin, origin});
  Ballot& ballot = session.ballots["base"];
  Evidence& evidence = session.evidence;
  for (int repetition = 0; repetition < 5; ++repetition) {
    ballot.add({"base", repetition, 0}, recording());
    evidence.next_repetition = repetition + 1;
    if (repetition == 4) break;
    for (int rank = 0; rank < kRanks; ++rank) ballot.add({"three", repetition, rank}, recording());
    const bool is_busy = repetition == 2;
    add(evidence, {.seconds = {1.0, 2.0}, .rates = rates_beside(load(is_busy)), .harness = {quiet()}});
  }
  evidence.ballots["base"] = ballot.record();
  return evidence;
}

/// Changes evidence, and expects the field to be named.
void refused(const std::string& field, const std::function<void(Evidence&)>& change) {
  Evidence changed = evidence();
  change(changed);
  try {
    for (const auto& [pool, record] : changed.ballots) Ballot(record, "ballots." + pool);
    check(changed);
    ADD_FAILURE() << field;
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'" + field + "'"));
  }
}

TEST(EvidenceCheck, LetsPassWhatRepetitionsLeave) {
  EXPECT_EQ(evidence().undisturbed, 3);
  EXPECT_NO_THROW(check(evidence()));
  Evidence none = new_session({valid_case()}, {Origin{}}).evidence;
  none.cases[0].origin.program = none.cases[0].origin.checkpoint["vae"] = "1";
  EXPECT_NO_THROW(check(none));
}

TEST(EvidenceCheck, LetsPassRoundsThatFailed) {
  Evidence failed = evidence();
  Session session = new_session({scenario::case_from_json(failed.cases[0].spec)}, {failed.cases[0].origin});
  for (int repetition = 0; repetition < 3; ++repetition) {
    add(session.evidence.cases[0],
        {{.rank = 0, .stage = "", .message = "gone", .last_words = ""}, repetition, ""});
    add(session.evidence.cases[0],
        {{.rank = 0, .stage = "", .message = "gone", .last_words = ""}, repetition, ""});
    ++session.evidence.next_repetition;
    add(session.evidence, {.seconds = {std::nullopt}, .rates = {}, .harness = {quiet()}});
  }
  EXPECT_NO_THROW(check(session.evidence));
}

TEST(EvidenceCheck, NamesWhatWasCutOut) {
  refused("cases", [](Evidence& e) { e.cases.clear(); });
  refused("cases[0].seconds", [](Evidence& e) { e.cases[0].seconds = {}; });
  refused("cases[1].origin.checkpoint", [](Evidence& e) { e.cases[1].origin.checkpoint.clear(); });
  refused("cases[1].errors", [](Evidence& e) { e.cases[1].failed_rounds = 1; });
  refused("ranks", [](Evidence& e) { e.ranks.clear(); });
  refused("ranks", [](Evidence& e) { e.ranks.pop_back(); });
  refused("ranks[2].results", [](Evidence& e) { e.ranks[2].results.clear(); });
  refused("ranks[1].compute", [](Evidence& e) { e.ranks[1].compute = {}; });
  refused("links", [](Evidence& e) { e.links.clear(); });
  refused("links", [](Evidence& e) { e.links.erase(e.links.begin()); });
  refused("links[1].latency", [](Evidence& e) { e.links[1].latency = {}; });
  refused("hosts", [](Evidence& e) { e.hosts.clear(); });
  refused("ballots", [](Evidence& e) { e.ballots.clear(); });
  refused("ballots.base.cases", [](Evidence& e) {
    auto& ballot = e.ballots["base"];
    ballot.cases.pop_back();
    for (auto& urn : ballot.urns)
      for (auto& result : urn.results) {
        std::erase_if(result.voters, [](const auto& run) { return run.case_index == 1; });
        ballot.votes -= result.votes - 5;
        result.votes = 5;
      }
  });
  refused("ballots.base.votes", [](Evidence& e) { e.ballots["base"].urns.pop_back(); });
  refused("ballots.base.urns", [](Evidence& e) {
    auto& ballot = e.ballots["base"];
    ballot.votes -= ballot.urns[1].results[0].votes;
    ballot.urns.erase(ballot.urns.begin() + 1);
  });
  refused("ballots.base.urns", [](Evidence& e) {
    auto& ballot = e.ballots["base"];
    ballot.votes = 0;
    ballot.urns.clear();
  });
  refused("ballots.base.urns", [](Evidence& e) {  // one rank's votes at one place
    auto& result = e.ballots["base"].urns[2].results[0];
    std::erase_if(result.voters, [](const auto& run) { return run.rank == 2; });
    result.votes -= 4;
    e.ballots["base"].votes -= 4;
  });
}

TEST(EvidenceCheck, NamesWhatIsImpossible) {
  refused("schema_version", [](Evidence& e) { e.schema_version = 1; });
  refused("repetitions", [](Evidence& e) { e.repetitions = -1; });
  refused("undisturbed", [](Evidence& e) { e.undisturbed = 9; });
  refused("next_repetition", [](Evidence& e) { e.next_repetition = 1; });
  refused("seconds", [](Evidence& e) { e.seconds = -1.0; });
  refused("duration_seconds", [](Evidence& e) { e.duration_seconds = 1e30; });
  refused("cases[1].ranks", [](Evidence& e) { e.cases[1].ranks = 100000; });
  refused("cases[1].pool", [](Evidence& e) { e.cases[1].pool = "three"; });
  refused("cases[0].seconds", [](Evidence& e) { e.cases[0].seconds.max = 0.5; });
  refused("cases[0].seconds", [](Evidence& e) { e.cases[0].seconds.disturbed = true; });
  refused("cases[0].seconds", [](Evidence& e) {
    auto& seconds = e.cases[0].seconds;
    seconds.min = seconds.max = 0.0;
    seconds.samples.assign(seconds.count, 0.0);
  });
  refused("cases[0].failed_rounds", [](Evidence& e) { e.cases[0].failed_rounds = 1000; });
  refused("ranks[1].host", [](Evidence& e) { e.ranks[1].host = ""; });
  refused("ranks[1].results", [](Evidence& e) { e.ranks[1].results["00fe"] = 7; });
  refused("ranks[1].corrupt_copies", [](Evidence& e) { e.ranks[1].corrupt_copies = 5; });
  refused("links[2].lower", [](Evidence& e) { e.links[2].lower = 0; });
  refused("links[0].upper", [](Evidence& e) { e.links[0].upper = 7; });
  refused("links[0].within_a_host", [](Evidence& e) { e.links[0].within_a_host = false; });
  refused("links[0].corrupt", [](Evidence& e) { e.links[0].corrupt = 9; });
  refused("hosts[0].disturbed", [](Evidence& e) { e.hosts[0].disturbed = 1000; });
  refused("hosts[0].others", [](Evidence& e) { e.hosts[0].others.samples[0] = -0.5; });
  refused("hosts", [](Evidence& e) { e.hosts[0].readings = 1000; });
  refused("hosts", [](Evidence& e) { e.hosts[0].host = "elsewhere"; });
  refused("undisturbed", [](Evidence& e) { e.hosts[0].disturbed = 0; });
  refused("ballots.other", [](Evidence& e) { e.ballots["other"]; });
  refused("ballots.base.urns[0].results[0].voters", [](Evidence& e) {
    auto& voters = e.ballots["base"].urns[0].results[0].voters;
    voters.back().rank = 17;
  });
  refused("ballots.base.urns", [](Evidence& e) {  // a repetition that nobody made
    auto& result = e.ballots["base"].urns[0].results[0];
    ++result.voters.back().last;
    ++result.votes;
    ++e.ballots["base"].votes;
  });
}

}  // namespace
}  // namespace isoframe::harness::qualify
