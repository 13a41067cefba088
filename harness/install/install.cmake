# What `cmake --install` lays down, and the packages of `cpack`: a tree that works from any place.
#   bin/isoframe                finds LibTorch, which is not packed, and starts the program
#   lib/isoframe/isoframe       the program
#   share/isoframe              scenarios and adapters, at the distance from each other that scenarios name
#   include, lib, lib/cmake     the metrics and the records for find_package(isoframe)
#   share/man, share/bash-completion  made by the program itself
include(GNUInstallDirs)

get_filename_component(libtorch_root "${LIBTORCH_INCLUDE_DIR}" DIRECTORY)
set(places "$ORIGIN/torch/lib")
if(ISOFRAME_CUDA)
  foreach(library IN ITEMS "${CUDART_LIBRARY}" "${NCCL_LIBRARY}")
    get_filename_component(folder "${library}" DIRECTORY)
    file(RELATIVE_PATH folder "${libtorch_root}" "${folder}")
    list(APPEND places "$ORIGIN/torch/${folder}")
  endforeach()
endif()
set_target_properties(isoframe PROPERTIES INSTALL_RPATH "${places}")
install(TARGETS isoframe RUNTIME DESTINATION lib/isoframe)
configure_file("${CMAKE_CURRENT_LIST_DIR}/isoframe.in" "${PROJECT_BINARY_DIR}/launcher/isoframe" @ONLY)
install(PROGRAMS "${PROJECT_BINARY_DIR}/launcher/isoframe" DESTINATION bin)
install(DIRECTORY scenarios DESTINATION share/isoframe)
install(DIRECTORY harness/engine/adapters DESTINATION share/isoframe/harness/engine
  PATTERN __pycache__ EXCLUDE PATTERN build EXCLUDE PATTERN *.egg-info EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION share/doc/isoframe)

# The installed documents are made by the program that is installed.
foreach(document IN ITEMS "man|share/man/man1|isoframe.1" "completion bash|share/bash-completion/completions|isoframe")
  string(REPLACE "|" ";" document "${document}")
  list(GET document 0 command)
  list(GET document 1 folder)
  list(GET document 2 name)
  separate_arguments(command)
  list(JOIN command "\" \"" command)
  install(CODE "
    set(made \"${PROJECT_BINARY_DIR}/documents/${folder}\")
    file(MAKE_DIRECTORY \"\${made}\")
    execute_process(COMMAND \"$<TARGET_FILE:isoframe>\" \"${command}\" OUTPUT_FILE \"\${made}/${name}\" COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL \"\${made}/${name}\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${folder}\")")
endforeach()

# find_package(isoframe): isoframe::metrics and isoframe::records.
if(NOT ISOFRAME_CPU_BUILD)
  include(CMakePackageConfigHelpers)
  set(exported base metrics records)
  foreach(name IN LISTS exported)
    set_target_properties(isoframe_${name} PROPERTIES EXPORT_NAME ${name})
  endforeach()
  set_target_properties(isoframe_options PROPERTIES EXPORT_NAME options)
  list(TRANSFORM exported PREPEND isoframe_ OUTPUT_VARIABLE targets)
  install(TARGETS isoframe_options ${targets} EXPORT isoframe ARCHIVE DESTINATION lib)
  foreach(folder IN ITEMS base metrics reports/records)
    file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.h")
    install(FILES ${headers} DESTINATION "include/isoframe/${folder}")
  endforeach()
  install(EXPORT isoframe NAMESPACE isoframe:: DESTINATION lib/cmake/isoframe FILE isoframe-targets.cmake)
  install(FILES "${CMAKE_CURRENT_LIST_DIR}/isoframe-config.cmake" DESTINATION lib/cmake/isoframe)
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/isoframe-config-version.cmake" COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/isoframe-config-version.cmake" DESTINATION lib/cmake/isoframe)
endif()

set(CPACK_PACKAGE_NAME isoframe)
set(CPACK_PACKAGE_CONTACT "The isoframe authors <isoframe@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Benchmark and correctness check of HunyuanVideo 1.5 under parallel layouts")
set(CPACK_GENERATOR DEB TXZ)
set(CPACK_PACKAGE_FILE_NAME "isoframe-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
# What dpkg-shlibdeps finds, but for LibTorch, which is no Debian package.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${libtorch_root}/lib")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS python3)
include(CPack)
