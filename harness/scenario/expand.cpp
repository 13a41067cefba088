#include "harness/scenario/expand.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/scenario/case_keys.h"
#include "harness/scenario/error.h"
#include "harness/scenario/name_template.h"

namespace isoframe::harness::scenario {
namespace {

// A slip in a matrix should be an error message, not a machine that is busy for a year.
constexpr std::size_t kMostCases = 10'000;

struct Axis {
  std::string key;
  std::vector<Value> values;
};

std::vector<Axis> read_matrix(const Value& matrix, const Settings& own) {
  std::vector<Axis> axes;
  std::size_t cases = 1;
  for (const Entry& entry : matrix.mapping("matrix", axis_keys())) {
    if (own.contains(entry.key)) {
      throw ScenarioError(entry.key_where,
                          fmt::format("{} is on the matrix and in the case, at {}; keep one", entry.key,
                                      to_string(own.at(entry.key).value.where())));
    }
    axes.push_back({entry.key, entry.value.list("matrix axis " + entry.key)});
    cases *= axes.back().values.size();
    if (cases > kMostCases) {
      throw ScenarioError(entry.key_where, fmt::format("the matrix gives more than {} cases", kMostCases));
    }
  }
  return axes;
}

/// The position on each axis of point `index` of the product, the last axis varying fastest.
std::vector<std::size_t> choices_at(const std::vector<Axis>& axes, std::size_t index) {
  std::vector<std::size_t> choices(axes.size());
  for (std::size_t axis = axes.size(); axis-- > 0;) {
    choices[axis] = index % axes[axis].values.size();
    index /= axes[axis].values.size();
  }
  return choices;
}

Draft draft_at(const Value& where, const Value& name, Settings settings, const std::vector<Axis>& axes,
               const std::vector<std::size_t>& choices) {
  std::vector<NamePart> parts;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const Value& value = axes[i].values[choices[i]];
    set(settings, axes[i].key, {value});
    parts.push_back({axes[i].key, slug(axes[i].key, value, choices[i] + 1)});
  }
  const auto baseline = settings.find("baseline");
  if (baseline != settings.end()) {
    // A matrix may have a baseline at each of its points: "t2v-{height}-single".
    Value& text = baseline->second.value;
    text = Value(YAML::Node(render(text, "baseline", settings, parts)), text.where());
  }
  std::string full_name = case_name(name, settings, parts);
  return {.name = std::move(full_name),
          .name_where = name.where(),
          .where = where.where(),
          .settings = std::move(settings)};
}

std::vector<Draft> expand_case(const Settings& defaults, const Value& value) {
  std::vector<std::string> known = {"name"};
  known.insert(known.end(), key_names().begin(), key_names().end());
  known.push_back("matrix");

  std::optional<Value> name;
  std::optional<Value> matrix;
  Settings own;
  Settings merged = defaults;
  for (const Entry& entry : value.mapping("a case", known)) {
    if (entry.key == "name") {
      name = entry.value;
    } else if (entry.key == "matrix") {
      matrix = entry.value;
    } else {
      own.insert_or_assign(entry.key, Setting{entry.value});
      set(merged, entry.key, {entry.value});
    }
  }
  if (!name) value.fail("the case has no name");

  std::vector<Axis> axes;
  if (matrix) axes = read_matrix(*matrix, own);
  std::size_t points = 1;
  for (const Axis& axis : axes) points *= axis.values.size();

  std::vector<Draft> drafts;
  for (std::size_t index = 0; index < points; ++index) {
    drafts.push_back(draft_at(value, *name, merged, axes, choices_at(axes, index)));
  }
  return drafts;
}

}  // namespace

std::string Draft::called(const std::string& key) const {
  return is_from_options ? case_key(key).option : key;
}

const Location& Draft::location_of(const std::string& key) const {
  const auto setting = settings.find(key);
  return setting == settings.end() ? where : setting->second.value.where();
}

std::vector<Draft> expand_cases(const Value* defaults, const Value& cases) {
  Settings shared;
  if (defaults != nullptr) {
    for (const Entry& entry : defaults->mapping("defaults", key_names())) {
      set(shared, entry.key, {entry.value, true});
    }
  }
  std::vector<Draft> drafts;
  for (const Value& value : cases.list("cases")) {
    std::vector<Draft> expanded = expand_case(shared, value);
    std::move(expanded.begin(), expanded.end(), std::back_inserter(drafts));
    if (drafts.size() > kMostCases) value.fail(fmt::format("more than {} cases in a file", kMostCases));
  }
  return drafts;
}

}  // namespace isoframe::harness::scenario
