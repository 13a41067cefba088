# Sourced by the other scripts: paths, versions, messages.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cache="${ISOFRAME_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/isoframe}"
# The version numbers, as variables.
. "$root/ci/versions.env"
libtorch="$cache/libtorch-$LIBTORCH_VERSION"
libtorch_cuda="$cache/libtorch-cuda-$LIBTORCH_VERSION"
nvcc="$cache/nvcc-$NVIDIA_NVCC_VERSION"
reference="$cache/reference-diffusers-$DIFFUSERS_VERSION-transformers-$TRANSFORMERS_VERSION"
xdit="$cache/xdit-$XFUSER_VERSION-on-${reference##*/}"
qwen_ranks="$cache/dashscope-$DASHSCOPE_VERSION/dashscope/resources/qwen.tiktoken"
build="$root/build"
build_cuda="$root/build-cuda"
export ISOFRAME_CACHE="$cache"
# Machines have other defaults, but CMake must see one cache, whoever calls it.
# Prints the torch folder that the cuda preset takes, chosen as by model/libtorch.cmake; nothing if there is none yet.
cuda_torch() {
  if [ -f "$libtorch_cuda/complete" ]; then
    echo "$libtorch_cuda/torch"
  elif [ -f "$reference/complete" ]; then
    echo "$reference"/lib/python3*/site-packages/torch
  else
    python3 -c '
import importlib.util, pathlib
torch = importlib.util.find_spec("torch")
folder = pathlib.Path(torch.submodule_search_locations[0]) if torch else None
print(folder if folder and (folder / "lib/libtorch_cuda.so").exists() else "")'
  fi
}
# Runs cmake with the arguments; objects are kept in the cache, so that a fresh clone of a known tree compiles nothing.
# ccache finds precompiled headers equal only if it need not look at their times, and GCC tells it which they are.  What a
# file includes it learns from the compiler's own list, or it would preprocess every file that it has not seen yet.
configure() {
  local options=()
  if command -v ccache >/dev/null; then
    options=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache "-DCMAKE_CXX_FLAGS=${CXXFLAGS:+$CXXFLAGS }-fpch-preprocess")
  fi
  cmake "$@" "${options[@]}"
}
export CCACHE_DIR="${CCACHE_DIR:-$cache/ccache}" CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
# ccache leaves paths with spaces absolute in lists of dependencies: another clone that was given an object of this one would
# not compile it again when its own headers change.  So this one only takes objects, and leaves none.
case $root in *[[:space:]]*) export CCACHE_READONLY=1 ;; esac
say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 2; }
# Makes the checkpoints of scenarios/smoke.yaml with the given program (build/isoframe).  Within $root, after a build.
make_smoke_checkpoints() {
  local task directory
  for task in t2v i2v; do
    directory=build/checkpoints/tiny
    [ "$task" = t2v ] || directory+="-$task"
    [ -f "$directory/model_index.json" ] ||
      "${1:-build/isoframe}" weights init --preset tiny --task "$task" --seed 0 "$directory"
  done
}
