# With ISOFRAME_CPU_BUILD a build with CUDA takes its objects from a build without: no source asks which of the two it is
# in, so only *_cuda.cpp, which stand where the other has *_cpu.cpp, and what is not in a library have to be compiled.
set(ISOFRAME_CPU_BUILD "" CACHE PATH
  "With ISOFRAME_CUDA, the folder of a build without it: its objects are linked, and only what differs is compiled")
# For a target whose objects all come from elsewhere.
set(empty_source "${PROJECT_BINARY_DIR}/empty.cpp")
file(CONFIGURE OUTPUT "${empty_source}" CONTENT "")
if(NOT ISOFRAME_CPU_BUILD)
  return()
endif()
if(NOT ISOFRAME_CUDA)
  message(FATAL_ERROR "ISOFRAME_CPU_BUILD is for a build with ISOFRAME_CUDA")
endif()
get_filename_component(ISOFRAME_CPU_BUILD "${ISOFRAME_CPU_BUILD}" ABSOLUTE BASE_DIR "${PROJECT_SOURCE_DIR}")
# A header that serves a hundred files costs more than it saves where there are five.
set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)

# Errors where the other build's objects are not those that this one would compile.
function(isoframe_check_cpu_build)
  file(STRINGS "${ISOFRAME_CPU_BUILD}/CMakeCache.txt" cache)
  foreach(variable IN ITEMS CMAKE_HOME_DIRECTORY CMAKE_CXX_COMPILER CMAKE_CXX_FLAGS CMAKE_BUILD_TYPE ISOFRAME_SANITIZE
      LIBTORCH_FOUND_VERSION)
    set(theirs "${cache}")
    list(FILTER theirs INCLUDE REGEX "^${variable}:")
    string(REGEX REPLACE "^[^=]*=" "" theirs "${theirs}")
    if(NOT theirs STREQUAL "${${variable}}")
      message(FATAL_ERROR "ISOFRAME_CPU_BUILD: ${ISOFRAME_CPU_BUILD} has ${variable} '${theirs}', this build "
        "'${${variable}}'; leave ISOFRAME_CPU_BUILD out")
    endif()
  endforeach()
endfunction()

# As isoframe_module(): what the other build has compiled of the folder, and before it what differs.
function(isoframe_shared_module target folder)
  isoframe_sources(sources "${folder}")
  list(FILTER sources INCLUDE REGEX "_cuda\\.cpp$")
  add_library(${target} STATIC "${empty_source}" ${sources})
  target_link_libraries(${target} PUBLIC isoframe_options ${ARGN} INTERFACE ${target}_of_cpu_build)
  isoframe_headers(${target} "${folder}" PUBLIC)

  file(RELATIVE_PATH place "${PROJECT_BINARY_DIR}" "${CMAKE_CURRENT_BINARY_DIR}")
  set(archive "${ISOFRAME_CPU_BUILD}/${place}/lib${target}.a")
  add_library(${target}_of_cpu_build STATIC IMPORTED GLOBAL)
  set_target_properties(${target}_of_cpu_build PROPERTIES IMPORTED_LOCATION "${archive}")
  # Within a folder either may call the other.
  if(sources)
    set_target_properties(${target}_of_cpu_build PROPERTIES INTERFACE_LINK_LIBRARIES ${target})
  endif()
  add_dependencies(${target} isoframe_cpu_build)
  set_property(GLOBAL APPEND PROPERTY ISOFRAME_ARCHIVES "${archive}")
endfunction()

# The other build is brought up to date by each build of this one.
function(isoframe_build_cpu_build)
  get_property(archives GLOBAL PROPERTY ISOFRAME_ARCHIVES)
  add_custom_target(isoframe_cpu_build COMMAND "${CMAKE_COMMAND}" --build "${ISOFRAME_CPU_BUILD}" --target isoframe
    BYPRODUCTS ${archives} USES_TERMINAL VERBATIM COMMENT "What ${ISOFRAME_CPU_BUILD} compiles")
endfunction()
