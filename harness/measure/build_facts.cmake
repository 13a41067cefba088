# What environment.cpp says about the build.  Read when configuring: a commit alone must not rebuild anything.
find_package(Git QUIET)
set(commit unknown)
if(GIT_FOUND AND EXISTS "${PROJECT_SOURCE_DIR}/.git")
  execute_process(COMMAND "${GIT_EXECUTABLE}" --no-optional-locks describe --always --dirty --abbrev=12 --exclude *
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE described RESULT_VARIABLE failed
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(commit "${described}")
  endif()
endif()
set_property(SOURCE measure/environment.cpp APPEND PROPERTY COMPILE_DEFINITIONS
  ISOFRAME_VERSION="${PROJECT_VERSION}"
  ISOFRAME_COMMIT="${commit}"
  ISOFRAME_LIBTORCH="${LIBTORCH_FOUND_VERSION}"
  ISOFRAME_COMPILER="${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
  ISOFRAME_BUILD_TYPE="$<CONFIG>")
