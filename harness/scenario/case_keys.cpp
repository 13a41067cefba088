#include "harness/scenario/case_keys.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "harness/scenario/readers.h"

namespace isoframe::harness::scenario {
namespace {

using nlohmann::json;
using reports::records::PublishedFigures;

constexpr std::int64_t kMostSteps = 1'000;  // the scheduler's own timesteps
constexpr std::int64_t kMostThreads = 1'024;

template <typename T>
json as_json(const T& value) {
  if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return base::text_of(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) throw std::logic_error("a case's number is not finite");
    return value;
  } else if constexpr (std::is_same_v<T, model::parallel::Layout> ||
                       std::is_same_v<T, model::parallel::Reduction>) {
    return model::parallel::to_string(value);
  } else if constexpr (std::is_same_v<T, PublishedFigures>) {
    return reports::records::to_json(value);
  } else {
    return value;
  }
}
template <typename T>
json as_json(const std::optional<T>& value) {
  return value ? as_json(*value) : json();
}

/// Sets a number as its type can hold it: JSON's own conversion would wrap or cut another.
template <typename T>
void set_number(const json& value, T& member) {
  if constexpr (std::is_integral_v<T>) {
    const bool fits = value.is_number_unsigned()
                          ? std::in_range<T>(value.get<std::uint64_t>())
                          : value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
    if (!fits) throw InputError(fmt::format("is not a whole number in range: {}", value.dump()));
  } else {
    if (!value.is_number()) throw InputError(fmt::format("is not a number: {}", value.dump()));
  }
  value.get_to(member);
}

template <typename T>
void set_from(const json& value, T& member) {
  if constexpr (std::is_same_v<T, std::filesystem::path>) {
    member = base::path_of(value.get<std::string>());
  } else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    set_number(value, member);
  } else if constexpr (std::is_same_v<T, model::parallel::Layout>) {
    member = model::parallel::parse_layout(value.get<std::string>());
  } else if constexpr (std::is_same_v<T, model::parallel::Reduction>) {
    member = model::parallel::parse_reduction(value.get<std::string>());
  } else if constexpr (std::is_same_v<T, PublishedFigures>) {
    member = reports::records::published_figures_from_json(value);
  } else {
    value.get_to(member);
  }
}
template <typename T>
void set_from(const json& value, std::optional<T>& member) {
  member.reset();
  if (!value.is_null()) set_from(value, member.emplace());
}

template <typename T, typename Member>
void assign(Member& member, T value) {
  if constexpr (std::is_integral_v<Member>) {
    member = static_cast<Member>(value);  // within the range of its reader
  } else {
    member = std::move(value);
  }
}

/// A default as README.md shows it.
std::string shown(const json& value) {
  if (value.is_string()) return value == "" ? "`\"\"`" : fmt::format("`{}`", value.get<std::string>());
  return value.is_boolean() ? value.dump() : fmt::format("{}", value.get<double>());
}

struct Words {
  std::string fallback;  ///< empty: the default of Case
  std::string meaning;
};

template <typename T, typename Member>
CaseKey row(const char* name, Member Case::*member, const Reader<T>& reader, Role role, const Words& words) {
  std::string option = fmt::format("--{}", name);
  std::replace(option.begin(), option.end(), '_', '-');
  const json initial = as_json(Case{}.*member);
  return {.name = name,
          .json = name,
          .option = role == Role::kBookkeeping ? "" : option,
          .role = role,
          .type = reader.type,
          .schema = reader.schema,
          .fallback = words.fallback.empty() ? shown(initial) : words.fallback,
          .initial = initial,
          .meaning = words.meaning,
          .has_default = words.fallback.empty(),
          .is_path = std::is_same_v<T, std::filesystem::path>,
          .read = [member, read = reader.read](
                      Case& spec, const Value& value,
                      const std::string& called) { assign(spec.*member, read(value, called)); },
          .to_json = [member](const Case& spec) { return as_json(spec.*member); },
          .from_json =
              [member, name](Case& spec, const json& value) {
                try {
                  set_from(value, spec.*member);
                } catch (const InputError& error) {
                  throw InputError(fmt::format("the case's '{}' {}", name, error.what()));
                } catch (const json::type_error&) {
                  throw InputError(fmt::format("the case's '{}' has a wrong type: {}", name, value.dump()));
                }
              }};
}

/// A row whose 0 meant "not given" in files of earlier versions.
CaseKey without_zero(CaseKey key) {
  key.from_json = [read = std::move(key.from_json)](Case& spec, const json& value) {
    read(spec, value == 0 ? json() : value);
  };
  key.was_wider = true;
  return key;
}

/// A row of which earlier versions took more than its schema says.
CaseKey once_wider(CaseKey key) {
  key.was_wider = true;
  return key;
}

CaseKey with_json(CaseKey key, const char* json) {
  key.json = json;
  return key;
}
CaseKey with_option(CaseKey key, const char* option) {
  key.option = option;
  return key;
}

CaseKey held(Holds holds, CaseKey key) {
  key.holds = holds;
  return key;
}

std::vector<CaseKey> frames_asked_for() {
  using enum Role;
  return {
      held(Holds::kProcess,
           row("checkpoint", &Case::checkpoint, path(), kAskedFor,
               {"the file's",
                "folder in diffusers' layout; text-to-video and image-to-video have different ones"})),
      held(Holds::kProcess, row("variant", &Case::variant, text("name"), kAskedFor,
                                {"",
                                 "weights of this variant, `fp16` for `*.fp16.safetensors`, of each part "
                                 "that has them; plain ones "
                                 "where they are there"})),
      row("task", &Case::task, one_of({"t2v", "i2v"}), kAskedFor, {"", "text-to-video or image-to-video"}),
      row("image", &Case::image, path(), kAskedFor,
          {"required for `i2v`",
           "the first frame: PNG, JPEG or WebP; resized to cover the size and cut around its centre"}),
      row("prompt", &Case::prompt, text(), kAskedFor,
          {"required", "`\"\"` is allowed; double-quoted words in it are drawn as glyphs"}),
      row("negative_prompt", &Case::negative_prompt, text(), kAskedFor, {"", "what not to show"}),
      without_zero(row(
          "height", &Case::height, pixels(), kAskedFor,
          {"required for `t2v`",
           "pixels; where `height` and `width` are both absent, the nearest to the image's proportions at "
           "the checkpoint's `target_size` (`generate`: 16:9 without an image)"})),
      without_zero(row("width", &Case::width, pixels(), kAskedFor, {"required for `t2v`", "pixels"})),
      row("frames", &Case::frames, frame_count(), kAskedFor, {"required", "how many: 1, 5, 9, ..., 33"}),
      row("steps", &Case::steps, integer(1, kMostSteps), kAskedFor, {"required", "denoising steps"}),
      once_wider(row("seed", &Case::seed, seed(), kAskedFor,
                     {"", "of the initial noise; its generator keeps 32 bits"})),
      held(Holds::kLoaded,
           row("guidance_scale", &Case::guidance_scale, number(0.0, std::numeric_limits<double>::max()),
               kAskedFor, {"the checkpoint's", "1 turns the second pass off"})),
  };
}

std::vector<CaseKey> ways_to_compute() {
  using enum Role;
  return {
      with_option(with_json(row("tiling.enabled", &Case::tiling, boolean(), kComputedWith,
                                {"", "`false`: the VAE decodes and encodes in one piece"}),
                            "tiling"),
                  "--no-tiling"),
      with_option(
          with_json(row("tiling.tile_size", &Case::tile_size, tile_size(), kComputedWith, {"", "pixels"}),
                    "tile_size"),
          "--tile-size"),
      with_option(with_json(row("tiling.overlap", &Case::tile_overlap, overlap(), kComputedWith,
                                {"", "share of a tile; `tile_size / 16 * (1 - overlap)` must be whole"}),
                            "tile_overlap"),
                  "--tile-overlap"),
      held(Holds::kLoaded,
           row("layout", &Case::layout, layout(), kMeasuredWith,
               {"", fmt::format("`ulysses=2,vae_patch=2` or `{{ulysses: 2, vae_patch: 2}}`; names: `{}`",
                                fmt::join(model::parallel::dimension_names(), "`, `"))})),
      held(Holds::kLoaded, row("reduction", &Case::reduction, reduction(), kMeasuredWith,
                               {"",
                                "how tensor parallel ranks add their products: by the backend's all-reduce, "
                                "or in the order of "
                                "the "
                                "ranks"})),
      held(Holds::kLoaded,
           row("reduction_parts", &Case::reduction_parts, integer(1, model::parallel::kMaxRanks),
               kMeasuredWith,
               {"",
                "with `tensor=1`: add in as many parts as `tensor=N` does; such a baseline is identical to "
                "`tensor=N` "
                "with `deterministic`"})),
      held(Holds::kProcess,
           row("dtype", &Case::dtype, one_of({"float32", "bfloat16", "float16"}), kComputedWith,
               {"`float32` on cpu, `bfloat16` on cuda",
                "weights are converted while loading; a CPU without AMX multiplies half types in float32"})),
      held(Holds::kProcess, row("device", &Case::device, one_of({"cpu", "cuda", "auto"}), kComputedWith,
                                {"",
                                 "`cuda`: one GPU a rank, in a build of the `cuda` preset; `auto`: `cuda` "
                                 "where this build and this machine can, else `cpu`"})),
      held(Holds::kProcess, row("tf32", &Case::tf32, boolean(), kComputedWith,
                                {"", "with `float32` on `cuda`: products may be computed in TF32"})),
      held(Holds::kProcess,
           row("threads_per_rank", &Case::threads_per_rank, integer(1, kMostThreads), kComputedWith,
               {"", "CPU threads; as many as the baseline has, or frames may differ in their last bits"})),
      row("warmup", &Case::warmup, integer(0, kMostRounds), kMeasuredWith,
          {"", "generations before the one that is measured, in each round"}),
      with_option(
          row("resident", &Case::resident, boolean(), kMeasuredWith,
              {"",
               "ranks stay for the next rounds and for cases with the same checkpoint, `dtype`, `device`, "
               "`threads_per_rank`, `launcher` and number of ranks; `false`: a process a round, a launcher's "
               "start "
               "a round"}),
          ""),
      with_option(held(Holds::kProcess,
                       row("engine", &Case::engine, text("name"), kMeasuredWith,
                           {"",
                            "the program that runs the case: `isoframe`, or one of the file's `engines` "
                            "([engines](#engines))"})),
                  ""),
      with_option(
          held(Holds::kLoaded, row("engine_options", &Case::engine_options, any_mapping(), kMeasuredWith,
                                   {"none", "handed on to that engine, which says what it knows"})),
          ""),
      with_option(row("noise", &Case::noise, one_of({"seed", "shared"}), kMeasuredWith,
                      {"",
                       "`shared`: begins with the baseline's initial latents, where the seed would give "
                       "another engine others"}),
                  ""),
      row("launcher", &Case::launcher, launcher(), kMeasuredWith,
          {"none",
           "a program that starts the ranks, e.g. `mpirun -n {ranks} {worker}` "
           "([launchers](../ci/launchers.md)); "
           "`--launcher` goes first"}),
  };
}

std::vector<CaseKey> bookkeeping() {
  using enum Role;
  return {
      row("repeat", &Case::repeat, integer(1, kMostRounds), kBookkeeping,
          {"", "rounds; each measures one generation"}),
      held(Holds::kLoaded,
           with_option(row("timeout_seconds", &Case::timeout_seconds, above_zero(kMostSeconds), kBookkeeping,
                           {"", "of one round, loading included"}),
                       "--timeout")),
      held(
          Holds::kLoaded,
          with_option(
              row("meeting_seconds", &Case::meeting_seconds, above_zero(kMostSeconds), kBookkeeping,
                  {"", "how long ranks wait at the start for the last of them to come; on GPUs at least 60"}),
              "--meeting-seconds")),
      row("baseline", &Case::baseline, text("name"), kBookkeeping,
          {"none",
           "a case of the same file that has none itself; may hold `{key}`; a case that names itself is a "
           "baseline"}),
      row("compare_by", &Case::compare_by, one_of({"auto", "locked"}), kBookkeeping,
          {"",
           "`locked`: judged part by part and step by step, each from the baseline's latents "
           "([locked runs](../reports/README.md#locked-runs)), in place of a default gate; `auto` does so "
           "where the bound of `bounded` is above 0.02 and would prove nothing"}),
      row("published", &Case::published, published(), kBookkeeping,
          {"none",
           "a row of published figures, FILE relative to the scenario, that reports show beside the case"}),
      row("expected_different", &Case::expected_different, boolean(), kBookkeeping,
          {"", "other frames are no failure (an untiled run, say): quality is reported"}),
  };
}

std::vector<CaseKey> all_keys() {
  std::vector<CaseKey> keys = frames_asked_for();
  for (CaseKey& key : ways_to_compute()) keys.push_back(std::move(key));
  for (CaseKey& key : bookkeeping()) keys.push_back(std::move(key));
  return keys;
}

}  // namespace

std::string to_string(Role role) {
  switch (role) {
    case Role::kAskedFor:
      return "asked for";
    case Role::kComputedWith:
      return "computed with";
    case Role::kMeasuredWith:
      return "measured with";
    case Role::kBookkeeping:
      break;
  }
  return "bookkeeping";
}

const std::vector<CaseKey>& case_keys() {
  static const std::vector<CaseKey> keys = all_keys();
  return keys;
}

const CaseKey& case_key(const std::string& name) {
  const auto found = std::ranges::find(case_keys(), name, &CaseKey::name);
  if (found == case_keys().end()) throw std::logic_error("no such key: " + name);
  return *found;
}

std::vector<std::string> words_of(const std::string& name) {
  return case_key(name).schema.at("enum").get<std::vector<std::string>>();
}

std::string group_of(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

}  // namespace isoframe::harness::scenario
