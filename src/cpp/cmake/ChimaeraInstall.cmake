# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What `cmake --install` writes: libchimaera, its public headers and the package
# that find_package(chimaera) loads. Modules install themselves (ChimaeraCommon).
# Inside a Python wheel the prefix is the package directory `chimaera`.

include(CMakePackageConfigHelpers)
set(cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/chimaera")
set(module_dir "${PROJECT_SOURCE_DIR}/src/cpp/cmake")

install(TARGETS chimaera_cxx EXPORT chimaeraTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/src/cpp/include/chimaera"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(EXPORT chimaeraTargets NAMESPACE chimaera::
  DESTINATION "${cmake_dir}")

configure_package_config_file("${module_dir}/ChimaeraConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/chimaeraConfig.cmake"
  INSTALL_DESTINATION "${cmake_dir}" PATH_VARS CMAKE_INSTALL_LIBDIR)
# Before 1.0 a minor version may change the layout of shared memory.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/chimaeraConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/chimaeraConfig.cmake"
  "${PROJECT_BINARY_DIR}/chimaeraConfigVersion.cmake"
  "${module_dir}/ChimaeraCommon.cmake"
  "${module_dir}/ChimaeraCodegen.cmake"
  "${module_dir}/ChimaeraChimodTest.cmake"
  "${module_dir}/chimaera_codegen.py"
  DESTINATION "${cmake_dir}")

# The generator and its templates. Inside a wheel they are part of the package
# (where that is installed editable they are not), and a prefix of its own is made
# with `cmake --install <build> --component <name>`, Unspecified and prefix.
set(not_in_wheel "")
if(SKBUILD)
  if(NOT SKBUILD_STATE STREQUAL "editable")
    set(not_in_wheel EXCLUDE_FROM_ALL)
  endif()
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/templates" DESTINATION .
    COMPONENT wheel)
  # Headers that modules include; who builds against a wheel may have no others.
  foreach(library cereal yaml-cpp)
    find_path(${library}_HEADERS NAMES ${library}
      HINTS "${YAML_CPP_INCLUDE_DIR}" NO_CACHE REQUIRED)
    install(DIRECTORY "${${library}_HEADERS}/${library}"
      DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT wheel)
  endforeach()
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/src/chimaera/codegen"
    "${PROJECT_SOURCE_DIR}/src/chimaera/typed"
  DESTINATION "${cmake_dir}/python/chimaera" COMPONENT prefix ${not_in_wheel}
  FILES_MATCHING PATTERN "*.py")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/templates"
  DESTINATION "${cmake_dir}/python/chimaera" COMPONENT prefix ${not_in_wheel})
