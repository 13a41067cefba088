# LibTorch as imported targets of our own: LibTorch::cpu, and with ISOFRAME_CUDA LibTorch::cuda.
#
# The wheel's own CMake package insists on a CUDA toolkit and on GPU detection, and would link libtorch_cuda, which
# doubles start-up time and memory.  We need two libraries and two include folders.
#
# LibTorch is taken from the first of these places that has it:
#   1. CMAKE_PREFIX_PATH: a LibTorch distribution, or a Python environment's torch folder;
#   2. the wheel that ci/setup unpacks into the cache; with ISOFRAME_CUDA one that has all of its NVIDIA wheels beside
#      it: that of ci/setup --cuda, or the environment of ci/setup --reference;
#   3. with ISOFRAME_CUDA the torch of the python3 on the PATH: a GPU machine's own, without a network.
file(STRINGS "${PROJECT_SOURCE_DIR}/ci/versions.env" versions REGEX "^(LIBTORCH|NVIDIA_NVCC)_VERSION=")
foreach(version IN LISTS versions)
  string(REGEX REPLACE "^([A-Z_]+)=(.+)$" "set(ISOFRAME_\\1 [[\\2]])" line "${version}")
  cmake_language(EVAL CODE "${line}")
endforeach()

if(DEFINED ENV{ISOFRAME_CACHE})
  set(cache "$ENV{ISOFRAME_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(cache "$ENV{XDG_CACHE_HOME}/isoframe")
else()
  set(cache "$ENV{HOME}/.cache/isoframe")
endif()

set(libtorch_places "${cache}/libtorch-${ISOFRAME_LIBTORCH_VERSION}")
set(setup_options "")
if(ISOFRAME_CUDA)
  file(GLOB references "${cache}/reference-*/lib/python3*/site-packages")
  # Found without importing it, which takes seconds and may fail for want of other packages.
  execute_process(COMMAND python3 -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
    OUTPUT_VARIABLE system_torch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(libtorch_places "${cache}/libtorch-cuda-${ISOFRAME_LIBTORCH_VERSION}" ${references} ${system_torch})
  set(setup_options " --cuda")
endif()
find_path(LIBTORCH_INCLUDE_DIR ATen/ATen.h
  PATH_SUFFIXES include torch/include
  HINTS ${CMAKE_PREFIX_PATH} ${libtorch_places}
  NO_DEFAULT_PATH)
if(NOT LIBTORCH_INCLUDE_DIR)
  message(FATAL_ERROR "LibTorch ${ISOFRAME_LIBTORCH_VERSION} was not found: run ci/setup${setup_options}, or point "
    "CMAKE_PREFIX_PATH at a LibTorch of your own (the folder that holds include/ATen)")
endif()
get_filename_component(LIBTORCH_ROOT "${LIBTORCH_INCLUDE_DIR}" DIRECTORY)
set(LIBTORCH_LIB "${LIBTORCH_ROOT}/lib")
file(READ "${LIBTORCH_INCLUDE_DIR}/torch/headeronly/version.h" header)
set(LIBTORCH_FOUND_VERSION "")
foreach(part IN ITEMS MAJOR MINOR PATCH)
  string(REGEX MATCH "#define TORCH_VERSION_${part} ([0-9]+)" line "${header}")
  list(APPEND LIBTORCH_FOUND_VERSION "${CMAKE_MATCH_1}")
endforeach()
list(JOIN LIBTORCH_FOUND_VERSION "." LIBTORCH_FOUND_VERSION)
set(LIBTORCH_FOUND_VERSION "${LIBTORCH_FOUND_VERSION}" CACHE INTERNAL "")
if(NOT LIBTORCH_FOUND_VERSION STREQUAL ISOFRAME_LIBTORCH_VERSION)
  message(WARNING "LibTorch ${LIBTORCH_FOUND_VERSION} in ${LIBTORCH_ROOT} is not ${ISOFRAME_LIBTORCH_VERSION}, for which this "
    "was written: frames may differ from those of others")
endif()
message(STATUS "LibTorch ${LIBTORCH_FOUND_VERSION}: ${LIBTORCH_ROOT}")

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
# The wheel's libtorch_cpu names libcudart and libcupti, which live beside torch in the wheel's site folder and are
# found through its own rpath at run time; the linker needs to be told.
file(GLOB cuda_lib_dirs "${LIBTORCH_ROOT}/../nvidia/*/lib")
foreach(dir IN LISTS cuda_lib_dirs)
  target_link_options(libtorch_cpu INTERFACE "LINKER:-rpath-link,${dir}")
endforeach()
add_library(LibTorch::cpu ALIAS libtorch_cpu)

# No CUDA toolkit: headers and libraries come in the wheels that LibTorch itself loads, nvcc in wheels of its own (ci/setup
# --cuda).  Without wheels a toolkit's are taken; without nvcc ATen's operators stand in for the kernels of our own.
if(ISOFRAME_CUDA)
  if(NOT EXISTS "${LIBTORCH_LIB}/libtorch_cuda.so")
    message(FATAL_ERROR "ISOFRAME_CUDA: the LibTorch in ${LIBTORCH_ROOT} has no CUDA; run ci/setup --cuda")
  endif()
  file(GLOB cuda_include_dirs "${LIBTORCH_ROOT}/../nvidia/*/include")
  find_path(CUDA_INCLUDE_DIR cuda_runtime_api.h HINTS ${cuda_include_dirs} /usr/local/cuda/include)
  find_library(CUDART_LIBRARY NAMES libcudart.so.13 cudart HINTS ${cuda_lib_dirs} /usr/local/cuda/lib64)
  find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${cuda_include_dirs})
  find_library(NCCL_LIBRARY NAMES libnccl.so.2 nccl HINTS ${cuda_lib_dirs})
  foreach(needed IN ITEMS CUDA_INCLUDE_DIR CUDART_LIBRARY NCCL_INCLUDE_DIR NCCL_LIBRARY)
    if(NOT ${needed})
      message(FATAL_ERROR "ISOFRAME_CUDA: ${needed} was not found; run ci/setup --cuda, or set it")
    endif()
  endforeach()
  isoframe_import_library(LibTorch::c10_cuda c10_cuda)
  isoframe_import_library(LibTorch::torch_cuda torch_cuda)
  add_library(libtorch_cuda INTERFACE)
  target_include_directories(libtorch_cuda SYSTEM INTERFACE "${CUDA_INCLUDE_DIR}" "${NCCL_INCLUDE_DIR}")
  target_link_libraries(libtorch_cuda INTERFACE LibTorch::torch_cuda LibTorch::c10_cuda LibTorch::cpu
    "${CUDART_LIBRARY}" "${NCCL_LIBRARY}" ${CMAKE_DL_LIBS})
  find_program(ISOFRAME_NVCC nvcc HINTS "${cache}/nvcc-${ISOFRAME_NVIDIA_NVCC_VERSION}/nvidia/cu13/bin" /usr/local/cuda/bin
    DOC "The compiler of model/kernels/*_cuda.cu")
  add_library(LibTorch::cuda ALIAS libtorch_cuda)
endif()

# The headers of Gloo that c10d's process group includes; its code is inside libtorch_cpu.
find_path(GLOO_INCLUDE_DIR gloo/transport/device.h REQUIRED)
