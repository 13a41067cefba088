# Sourced by the other scripts: where things are, which versions, how to speak.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cache="${ISOFRAME_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/isoframe}"
# The version numbers, as variables.
. "$root/ci/versions.env"
libtorch="$cache/libtorch-$LIBTORCH_VERSION"
libtorch_cuda="$cache/libtorch-cuda-$LIBTORCH_VERSION"
reference="$cache/reference-diffusers-$DIFFUSERS_VERSION-transformers-$TRANSFORMERS_VERSION"
qwen_ranks="$cache/dashscope-$DASHSCOPE_VERSION/dashscope/resources/qwen.tiktoken"
build="$root/build"
export ISOFRAME_CACHE="$cache"
# Machines with other defaults: CMake must see one cache, whoever calls it.
say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 2; }
# The checkpoints of scenarios/smoke.yaml.  Within $root, after a build.
make_smoke_checkpoints() {
  local task directory
  for task in t2v i2v; do
    directory=build/checkpoints/tiny
    [ "$task" = t2v ] || directory+="-$task"
    [ -f "$directory/model_index.json" ] ||
      build/isoframe weights init --preset tiny --task "$task" --seed 0 "$directory"
  done
}
