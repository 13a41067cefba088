#pragma once
// A parallel layout as data: `ulysses=U,ring=R,cfg=C,tensor=T,vae_patch=V`.

#include <cstdint>
#include <string>
#include <vector>

namespace isoframe::model::parallel {

/// A layout of more ranks is taken for a slip of the keyboard.
inline constexpr int kMaxRanks = 4096;

/// The names that a layout may have: "ulysses", ...
const std::vector<std::string>& dimension_names();

/// Sizes of the parallel groups, 1 where unnamed.  Ranks = ulysses x ring x cfg x tensor; vae_patch is at
/// most that. Rank order as in the peers: tensor varies fastest, then ulysses, then ring, then cfg.
struct Layout {
  int ulysses = 1;
  int ring = 1;
  int cfg = 1;
  int tensor = 1;
  int vae_patch = 1;

  int world_size() const { return ulysses * ring * cfg * tensor; }
  bool operator==(const Layout&) const = default;
};

/// The size of that name, one of dimension_names().
int size_of(const Layout& layout, const std::string& name);

/// "single", or "ulysses=2,vae_patch=2"; spaces around names are allowed.  Throws InputError for an unknown
/// or repeated name (with the nearest known one), a size that is not a positive integer, cfg above 2, more
/// than kMaxRanks ranks, vae_patch above the number of ranks.
Layout parse_layout(const std::string& text);

/// The canonical spelling: "single" or the names that are not 1, in the order of the struct.
std::string to_string(const Layout& layout);

/// The sizes that a layout has to agree with, before anything is loaded.
struct LayoutConstraints {
  std::int64_t attention_heads = 0;  ///< of the transformer
  double guidance_scale = 0.0;       ///< 1 means no second pass, so nothing for cfg=2 to do
  bool tiling = true;                ///< vae_patch > 1 needs tiles
};

/// Throws InputError with the rule that is broken and the nearest layout that would do, e.g.
/// "layout 'ulysses=3' does not divide the transformer's 16 heads; use 1, 2, 4, 8 or 16".  ulysses x tensor
/// must divide the heads; a ring may be of any size.
void check_layout(const Layout& layout, const LayoutConstraints& constraints);

}  // namespace isoframe::model::parallel
