#pragma once
// The stages of a generation, as the pipelines name them to their observers.

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace isoframe::reports::records {

/// The relation of a stage to the one that holds it, and the meaning of its index.
enum class StageKind {
  kOuter,      ///< lies within no other
  kBranch,     ///< one side of the guidance
  kStep,       ///< a denoising step; index: its number
  kPass,       ///< a pass through the transformer
  kTile,       ///< a tile's own computation; index: the tile's number
  kTravel,     ///< waiting for a tile on its way to rank 0; index: the tile's number
  kBlend,      ///< a row of tiles joined on rank 0; index: the row (a tensor's: its tile's number)
  kBroadcast,  ///< a result of rank 0 on its way to all
};

struct Stage {
  std::string_view name;
  StageKind kind;
};

/// All stages, outer ones in the order in which they run, each followed by its parts.  "image" and "encode"
/// are of image-to-video only.
inline constexpr std::array kStages = {
    Stage{"image", StageKind::kOuter},
    Stage{"text", StageKind::kOuter},
    Stage{"text.conditional", StageKind::kBranch},
    Stage{"text.unconditional", StageKind::kBranch},
    Stage{"encode", StageKind::kOuter},
    Stage{"encode.tile", StageKind::kTile},
    Stage{"encode.communication", StageKind::kTravel},
    Stage{"encode.blend", StageKind::kBlend},
    Stage{"encode.broadcast", StageKind::kBroadcast},
    Stage{"denoise", StageKind::kOuter},
    Stage{"denoise.step", StageKind::kStep},
    Stage{"denoise.conditional", StageKind::kBranch},
    Stage{"denoise.unconditional", StageKind::kBranch},
    Stage{"transformer", StageKind::kPass},
    Stage{"decode", StageKind::kOuter},
    Stage{"decode.tile", StageKind::kTile},
    Stage{"decode.communication", StageKind::kTravel},
    Stage{"decode.blend", StageKind::kBlend},
};

/// The time that a rank spends in collectives, which results keep beside the stages' as if it were one.
inline constexpr std::string_view kCommunication = "communication";

/// True if `name` is a stage of that kind.
constexpr bool is_stage(std::string_view name, StageKind kind) {
  return std::ranges::any_of(kStages,
                             [&](const Stage& stage) { return stage.name == name && stage.kind == kind; });
}

constexpr bool is_outer_stage(std::string_view name) { return is_stage(name, StageKind::kOuter); }

/// The outer stages' names, in the order in which they run.
inline constexpr auto kOuterStages = [] {
  constexpr std::size_t count = std::ranges::count(kStages, StageKind::kOuter, &Stage::kind);
  std::array<std::string_view, count> names;
  std::size_t i = 0;
  for (const Stage& stage : kStages)
    if (stage.kind == StageKind::kOuter) names[i++] = stage.name;
  return names;
}();

/// The outer stage that `part` is a part of: "decode" of "decode.tile".
constexpr std::string_view whole_of(std::string_view part) { return part.substr(0, part.find('.')); }

/// True for a part that a timeline shows in place of its whole: together they are the whole's time.
constexpr bool is_drawn_part(std::string_view name) {
  return std::ranges::any_of(kStages, [&](const Stage& stage) {
    return stage.name == name && stage.kind != StageKind::kOuter && stage.kind != StageKind::kBranch &&
           stage.kind != StageKind::kPass;
  });
}

}  // namespace isoframe::reports::records
