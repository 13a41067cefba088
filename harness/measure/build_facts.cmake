# Facts about the build that environment.cpp reports.
set(commit_header "${PROJECT_BINARY_DIR}/include/isoframe_commit.h")
add_custom_target(isoframe_commit BYPRODUCTS "${commit_header}"
  COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DOUTPUT=${commit_header}"
    -P "${CMAKE_CURRENT_LIST_DIR}/commit.cmake"
  COMMENT "Which commit this is" VERBATIM)
add_dependencies(isoframe_harness_measure isoframe_commit)
set_property(SOURCE measure/environment.cpp APPEND PROPERTY COMPILE_DEFINITIONS
  ISOFRAME_VERSION="${PROJECT_VERSION}"
  ISOFRAME_LIBTORCH="${LIBTORCH_FOUND_VERSION}"
  ISOFRAME_COMPILER="${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
  ISOFRAME_BUILD_TYPE="$<CONFIG>")
