#pragma once
// What the tables of keys and gates say, as documents: scenarios/scenario.schema.json and the tables of
// scenarios/README.md.  A unit test holds the files to these texts.

#include <string>

#include "harness/scenario/gates.h"

namespace isoframe::harness::scenario {

/// The JSON Schema of a scenario file.
std::string schema_text();
/// Markdown tables of the keys of a case, of its gates, and of an engine.
std::string key_table_text();
std::string gate_table_text();
std::string engine_table_text();

/// Its option of `compare`: "--psnr-min".
std::string option_of(const Gate& gate);

/// `markdown` without backticks and links, for a terminal and for the schema.
std::string plain(const std::string& markdown);

}  // namespace isoframe::harness::scenario
