# LibTorch as imported targets of our own: LibTorch::cpu.
#
# The wheel's own CMake package insists on a CUDA toolkit and on GPU detection, and would link libtorch_cuda, which
# doubles start-up time and memory.  We need two libraries and two include folders.
#
# Where LibTorch comes from, first found wins:
#   1. CMAKE_PREFIX_PATH: a LibTorch distribution, or a Python environment's torch folder;
#   2. the wheel that ci/setup unpacks into the cache.
file(STRINGS "${PROJECT_SOURCE_DIR}/ci/versions.env" versions REGEX "^LIBTORCH_VERSION=")
string(REPLACE "LIBTORCH_VERSION=" "" ISOFRAME_LIBTORCH_VERSION "${versions}")

if(DEFINED ENV{ISOFRAME_CACHE})
  set(cache "$ENV{ISOFRAME_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(cache "$ENV{XDG_CACHE_HOME}/isoframe")
else()
  set(cache "$ENV{HOME}/.cache/isoframe")
endif()

find_path(LIBTORCH_INCLUDE_DIR ATen/ATen.h
  PATH_SUFFIXES include torch/include
  HINTS ${CMAKE_PREFIX_PATH} "${cache}/libtorch-${ISOFRAME_LIBTORCH_VERSION}"
  NO_DEFAULT_PATH)
if(NOT LIBTORCH_INCLUDE_DIR)
  message(FATAL_ERROR "LibTorch ${ISOFRAME_LIBTORCH_VERSION} was not found: run ci/setup, or point "
    "CMAKE_PREFIX_PATH at a LibTorch of your own (the folder that holds include/ATen)")
endif()
get_filename_component(LIBTORCH_ROOT "${LIBTORCH_INCLUDE_DIR}" DIRECTORY)
set(LIBTORCH_LIB "${LIBTORCH_ROOT}/lib")

function(isoframe_import_library target name)
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${LIBTORCH_LIB}/lib${name}.so")
endfunction()

isoframe_import_library(LibTorch::c10 c10)
isoframe_import_library(LibTorch::torch_cpu torch_cpu)

add_library(libtorch_cpu INTERFACE)
target_include_directories(libtorch_cpu SYSTEM INTERFACE
  "${LIBTORCH_INCLUDE_DIR}" "${LIBTORCH_INCLUDE_DIR}/torch/csrc/api/include")
target_link_libraries(libtorch_cpu INTERFACE LibTorch::torch_cpu LibTorch::c10 Threads::Threads)
target_link_options(libtorch_cpu INTERFACE "LINKER:-rpath,${LIBTORCH_LIB}")
# The wheel's libtorch_cpu names libcudart and libcupti, which live beside torch in the wheel's site folder and are
# found through its own rpath at run time; the linker needs to be told.
file(GLOB cuda_lib_dirs "${LIBTORCH_ROOT}/../nvidia/*/lib")
foreach(dir IN LISTS cuda_lib_dirs)
  target_link_options(libtorch_cpu INTERFACE "LINKER:-rpath-link,${dir}")
endforeach()
add_library(LibTorch::cpu ALIAS libtorch_cpu)

# The headers of Gloo that c10d's process group includes; its code is inside libtorch_cpu.
find_path(GLOO_INCLUDE_DIR gloo/transport/device.h REQUIRED)
