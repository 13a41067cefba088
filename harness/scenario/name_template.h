#pragma once
// Names of expanded cases.  They are folder names too, so they have letters, digits, '.', '_' and '-' only.

#include <cstddef>
#include <string>
#include <vector>

#include "harness/scenario/settings.h"

namespace isoframe::harness::scenario {

/// The part that one matrix axis adds to a name.
struct NamePart {
  std::string key;
  std::string text;
};

/// True for a name that can be a case's folder: letters, digits, '_', '-' and '.', beginning with a letter, a
/// digit or '_'.
bool is_case_name(const std::string& name);

/// A name as file systems see it that take upper and lower case for the same.
std::string in_lower_case(std::string name);

/// A value as part of a name: ulysses=2,vae_patch=2 -> ulysses2-vae_patch2, tiling: false -> untiled.  Texts
/// that cannot be one (a prompt) become their key and `choice`, from 1: prompt2.
std::string slug(const std::string& key, const Value& value, std::size_t choice);

/// Replaces {key} by the slug of the case's value for it.  Errors call `text` by `what`.
std::string render(const Value& text, const std::string& what, const Settings& settings,
                   const std::vector<NamePart>& axes);

/// render(), with "-slug" appended for each axis that the template does not mention.
std::string case_name(const Value& text, const Settings& settings, const std::vector<NamePart>& axes);

}  // namespace isoframe::harness::scenario
