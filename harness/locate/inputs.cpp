#include "harness/locate/inputs.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "harness/locate/divergence.h"

namespace isoframe::harness::locate {

namespace {

/// One input of a point: the latest point before it of one of these names.  `is_earlier`: of an earlier block
/// or step; else of the same one, where both have an index.
struct Input {
  std::array<std::string_view, 2> names;
  bool is_earlier = false;
};

/// A point and its inputs; none for what is made from the request alone.
struct Row {
  std::string_view name;
  std::array<Input, 6> inputs;
};

constexpr Input kVideo = {{"transformer_blocks", "x_embedder"}, true};
constexpr Input kCondition = {{"transformer_blocks.context", "condition_tokens"}, true};
constexpr Input kTime = {{"time_embed"}};
constexpr Input kLatents = {{"latents", "initial_latents"}, true};
constexpr Input kQuery = {{"transformer_blocks.attn.query"}}, kKey = {{"transformer_blocks.attn.key"}},
                kValue = {{"transformer_blocks.attn.value"}},
                kContextQuery = {{"transformer_blocks.attn.query.context"}},
                kContextKey = {{"transformer_blocks.attn.key.context"}},
                kContextValue = {{"transformer_blocks.attn.value.context"}};
// Of a layout alone: heads of all tokens, put together of the above.
constexpr Input kJointQuery = {{"transformer_blocks.attn.exchanged.query", "transformer_blocks.attn.query"}},
                kJointKey = {{"transformer_blocks.attn.exchanged.key", "transformer_blocks.attn.key"}},
                kJointValue = {{"transformer_blocks.attn.exchanged.value", "transformer_blocks.attn.value"}};

/// How the model is computed, as far as its points show it (model/transformer, model/pipeline/stages.cpp).
constexpr std::array kRows = {
    Row{"first_frame", {{{{"image_latents"}}}}},
    Row{"time_embed", {}},
    Row{"rotary.cos", {}},
    Row{"rotary.sin", {}},
    Row{"x_embedder", {{kLatents, {{"first_frame"}}}}},
    Row{"image_embedder", {{{{"image_embeds"}}}}},
    Row{"context_embedder_2", {{{{"prompt_embeds_2"}}}}},
    Row{"context_embedder", {{{{"prompt_embeds"}}, kTime}}},
    Row{"condition_tokens", {{{{"context_embedder"}}, {{"context_embedder_2"}}, {{"image_embedder"}}}}},
    Row{"transformer_blocks.attn.query", {{kVideo, kTime, {{"rotary.cos"}}, {{"rotary.sin"}}}}},
    Row{"transformer_blocks.attn.key", {{kVideo, kTime, {{"rotary.cos"}}, {{"rotary.sin"}}}}},
    Row{"transformer_blocks.attn.value", {{kVideo, kTime}}},
    Row{"transformer_blocks.attn.query.context", {{kCondition, kTime}}},
    Row{"transformer_blocks.attn.key.context", {{kCondition, kTime}}},
    Row{"transformer_blocks.attn.value.context", {{kCondition, kTime}}},
    Row{"transformer_blocks.attn.exchanged.query", {{kQuery}}},
    Row{"transformer_blocks.attn.exchanged.key", {{kKey}}},
    Row{"transformer_blocks.attn.exchanged.value", {{kValue}}},
    Row{"transformer_blocks.attn.heads", {{kJointQuery, kJointKey, kJointValue, kContextKey, kContextValue}}},
    Row{"transformer_blocks.attn.heads.context",
        {{kContextQuery, kJointKey, kJointValue, kContextKey, kContextValue}}},
    Row{"transformer_blocks.attn.output", {{{{"transformer_blocks.attn.heads"}}}}},
    Row{"transformer_blocks.attn.output.context", {{{{"transformer_blocks.attn.heads.context"}}}}},
    Row{"transformer_blocks.attn", {{{{"transformer_blocks.attn.output"}}, kVideo, kTime}}},
    Row{"transformer_blocks.attn.context",
        {{{{"transformer_blocks.attn.output.context"}}, kCondition, kTime}}},
    Row{"transformer_blocks", {{{{"transformer_blocks.attn"}}, kTime}}},
    Row{"transformer_blocks.context", {{{{"transformer_blocks.attn.context"}}, kTime}}},
    Row{"proj_out", {{kVideo, kTime}}},
    Row{"proj_out.gathered", {{{{"proj_out"}}}}},
    Row{"guidance.conditional", {{{{"proj_out.gathered"}}}}},
    Row{"guidance.unconditional", {{{{"proj_out.gathered"}}}}},
    Row{"guidance", {{{{"guidance.conditional", "proj_out.gathered"}}, {{"guidance.unconditional"}}}}},
    Row{"latents", {{{{"guidance"}}, kLatents}}},
    Row{"decode.latents", {{kLatents}}},
    Row{"decode.tile", {{{{"decode.latents"}}}}},
    Row{"frames", {{{{"decode.video"}}}}},
};

const Row* row_of(const Place& place) {
  const auto found = std::ranges::find(kRows, place.name, &Row::name);
  return found == kRows.end() ? nullptr : &*found;
}

/// The branch whose point it is, also of what guidance shows of the two.
std::string branch_around(const Place& place) {
  if (place.name == "guidance.conditional") return "conditional";
  if (place.name == "guidance.unconditional") return "unconditional";
  return branch_of(place);
}

/// True if a point of the first place's branch may be an input of one of the second's.
bool is_of_branch(const Place& input, const Place& place) {
  const std::string own = branch_around(input), of = branch_around(place);
  return own.empty() || of.empty() || own == of;
}

bool is_of_index(const Input& input, const Place& candidate, const Place& place) {
  return input.is_earlier || candidate.index < 0 || place.index < 0 || candidate.index == place.index;
}

/// Looks for inputs among all places that any run shows, up to the point itself.
class Search {
 public:
  explicit Search(const std::vector<Place>& known) : known_(known) {}

  void add_inputs_of(const Place& place, std::size_t before) {
    const Row* const row = row_of(place);
    if (row == nullptr) return add_last(before);
    for (const Input& input : row->inputs) {
      if (input.names.front().empty()) break;
      add(input, place, before);
    }
  }
  Inputs result() const { return {{places_.begin(), places_.end()}, are_all_}; }

 private:
  /// Nobody has written down what decides the point: the one before it does, among others.
  void add_last(std::size_t before) {
    are_all_ = false;
    if (before > 0) places_.insert(known_[before - 1]);
  }

  void add(const Input& input, const Place& place, std::size_t before) {
    for (std::size_t i = before; i-- > 0;) {
      const Place& candidate = known_[i];
      const bool is_named = std::ranges::find(input.names, candidate.name) != input.names.end();
      if (!is_named || !is_of_branch(candidate, place) || !is_of_index(input, candidate, place)) continue;
      places_.insert(candidate);
      return;
    }
    look_through(input, place, before);
  }

  /// An input that nobody shows: what decides it stands for it, unless that is nothing that is shown.
  void look_through(const Input& input, const Place& place, std::size_t before) {
    const std::string name(input.names.front());
    const Place hidden{place.stages, name, input.is_earlier ? -1 : place.index, 0};
    const Row* const row = row_of(hidden);
    const bool is_new = looked_through_.insert(name).second;
    if (is_new && row != nullptr && !row->inputs.front().names.front().empty()) {
      add_inputs_of(hidden, before);
    } else if (!is_optional(name)) {
      are_all_ = false;
    }
  }

  /// Made from the request, or not there in every request.
  static bool is_optional(std::string_view name) {
    return name == "rotary.cos" || name == "rotary.sin" || name == "image_latents" ||
           name == "image_embeds" || name == "guidance.unconditional" || name == "prompt_embeds_2";
  }

  const std::vector<Place>& known_;
  std::set<Place> places_;
  std::set<std::string> looked_through_;
  bool are_all_ = true;
};

}  // namespace

Inputs inputs_of(const Place& place, const std::vector<Place>& known) {
  const auto own = std::ranges::find(known, place);
  Search search(known);
  search.add_inputs_of(place, static_cast<std::size_t>(own - known.begin()));
  return search.result();
}

std::vector<Place> both_streams(const Place& place, const std::vector<Place>& known) {
  constexpr std::string_view kContext = ".context";
  Place other = place;
  if (other.name.ends_with(kContext)) {
    other.name.resize(other.name.size() - kContext.size());
  } else {
    other.name += kContext;
  }
  std::vector<Place> both = {place};
  if (std::ranges::find(known, other) != known.end()) both.push_back(other);
  return both;
}

}  // namespace isoframe::harness::locate
