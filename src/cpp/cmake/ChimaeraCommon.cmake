# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# add_chimod_client() and add_chimod_runtime(): how a module is built, in this
# project and, through find_package(chimaera), in any other. Both take
#
#   [CHIMOD_NAME <module>]         else module_name of ./chimaera_mod.yaml
#   SOURCES <file>...              a client without any is header-only
#   [COMPILE_DEFINITIONS <def>...] [LINK_LIBRARIES <library>...]
#   [LINK_DIRECTORIES <dir>...]    [INCLUDE_DIRECTORIES <dir>...]
#   [INCLUDE_LIBRARIES <target>...]  targets of which only the headers are wanted
#
# The namespace <ns> is that of the nearest chimaera_repo.yaml upward. The results
# are the shared libraries <ns>_<module>_client and _runtime in one directory
# (CHI_REPO_PATH may point at it), aliases <ns>::<module>_client and _runtime, the
# global properties <module>_CLIENT_TARGET and _RUNTIME_TARGET (with <ns>_ in front
# too, since several namespaces may have such a module), and on install the package
# <ns>_<module>. The core library and, for every module but admin itself, admin's
# libraries are linked without being named.
#
# Everything in LINK_LIBRARIES is private to the library. A library that a module's
# own headers include is added with target_link_libraries(<target> PUBLIC ...).
# yaml-cpp and cereal are there without being named.
#
# Method ids, the dispatch table and all that belongs to typed methods are
# generated into the build tree: a source src/autogen/<module>_lib_exec.cc that does
# not exist means the generated one, and need not be listed. A client of typed
# methods is a library even without SOURCES: it holds their description.
# CHIMAERA_ALLOW_ID_CHANGES=ON lets methods have other ids than in the last build.
# CHIMAERA_INSTALL_CHIMODS=OFF keeps the modules of a directory (tests) private.

include(GNUInstallDirs)
include("${CMAKE_CURRENT_LIST_DIR}/ChimaeraCodegen.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/ChimaeraChimodTest.cmake")

function(add_chimod_client)
  _chimod_add(client ${ARGN})
endfunction()

function(add_chimod_runtime)
  _chimod_add(runtime ${ARGN})
endfunction()

# One library of a module; kind is client or runtime. The helpers below read the
# variables of this function: arg_*, ns, module, target and scope.
function(_chimod_add kind)
  set(lists SOURCES COMPILE_DEFINITIONS LINK_LIBRARIES LINK_DIRECTORIES
    INCLUDE_LIBRARIES INCLUDE_DIRECTORIES)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CHIMOD_NAME" "${lists}")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_chimod_${kind}: '${arg_UNPARSED_ARGUMENTS}' is no "
      "argument of it: use CHIMOD_NAME ${lists}")
  endif()
  if(arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "add_chimod_${kind}: nothing follows "
      "${arg_KEYWORDS_MISSING_VALUES}: leave it out or give it a value")
  endif()
  _chimod_find_repo(repo_dir)
  _chimod_yaml_value("${repo_dir}/chimaera_repo.yaml" "namespace" ns)
  _chimod_yaml_value("${CMAKE_CURRENT_SOURCE_DIR}/chimaera_mod.yaml"
    "module_name|name" module)
  if(arg_CHIMOD_NAME AND NOT arg_CHIMOD_NAME STREQUAL module)
    message(FATAL_ERROR "add_chimod_${kind}: CHIMOD_NAME is '${arg_CHIMOD_NAME}' "
      "and ${CMAKE_CURRENT_SOURCE_DIR}/chimaera_mod.yaml says '${module}': "
      "make them equal, or leave CHIMOD_NAME out")
  endif()
  set(target ${ns}_${module}_${kind})
  if(TARGET ${target})
    message(FATAL_ERROR "add_chimod_${kind}: ${ns}::${module}_${kind} exists "
      "already: give this module another module_name in chimaera_mod.yaml")
  endif()

  _chimod_codegen("${repo_dir}" ${ns} ${module} generated)
  _chimod_resolve_sources(${kind} arg_SOURCES)
  if(arg_SOURCES)
    set(scope PUBLIC)
    add_library(${target} SHARED ${arg_SOURCES})
  elseif(kind STREQUAL "client")
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  else()
    message(FATAL_ERROR "add_chimod_runtime: ${module} has no SOURCES: name its "
      ".cc files; the generated one need not be among them")
  endif()
  add_library(${ns}::${module}_${kind} ALIAS ${target})
  add_dependencies(${target} ${ns}_${module}_autogen)
  string(TOUPPER ${kind} upper_kind)
  foreach(name ${module} ${ns}_${module})
    set_property(GLOBAL PROPERTY ${name}_${upper_kind}_TARGET ${target})
  endforeach()

  _chimod_interface()
  if(scope STREQUAL "PUBLIC")
    _chimod_compile()
  endif()
  if(kind STREQUAL "runtime")
    _chimod_runtime()
  endif()
  if(NOT DEFINED CHIMAERA_INSTALL_CHIMODS OR CHIMAERA_INSTALL_CHIMODS)
    _chimod_install(${kind})
  endif()
endfunction()

# The nearest directory upward that holds chimaera_repo.yaml.
function(_chimod_find_repo result)
  set(directory "${CMAKE_CURRENT_SOURCE_DIR}")
  while(NOT EXISTS "${directory}/chimaera_repo.yaml")
    cmake_path(GET directory PARENT_PATH parent)
    if(parent STREQUAL directory)
      message(FATAL_ERROR "No chimaera_repo.yaml in ${CMAKE_CURRENT_SOURCE_DIR} "
        "or above: it names the namespace of the modules")
    endif()
    set(directory "${parent}")
  endwhile()
  set(${result} "${directory}" PARENT_SCOPE)
endfunction()

# The name at top-level key `key` (a regular expression) of a YAML file. The
# generator reads and checks the file properly; CMake needs this one word.
function(_chimod_yaml_value file key result)
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "There is no ${file}, where '${key}:' is to be read: call "
      "add_chimod_client and add_chimod_runtime in the module's own folder")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  file(STRINGS "${file}" lines REGEX "^(${key}):")
  if(NOT lines MATCHES "^(${key}): *[\"']?([A-Za-z][A-Za-z0-9_]*)")
    message(FATAL_ERROR "${file}: no '${key}:' at the left margin")
  endif()
  set(${result} "${CMAKE_MATCH_2}" PARENT_SCOPE)
endfunction()

# Replaces generated sources that the source tree does not have by those of the
# build tree, and adds those of this kind of library that are not listed.
function(_chimod_resolve_sources kind list)
  set(wanted lib_exec)
  if(kind STREQUAL "client")
    set(wanted description)
  endif()
  set(made "${generated}")
  list(FILTER made INCLUDE REGEX "/${module}_${wanted}\\.cc$")
  set(resolved "")
  foreach(source IN LISTS ${list})
    cmake_path(ABSOLUTE_PATH source
      BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE path)
    if(source MATCHES "(^|/)autogen/${module}_${wanted}\\.cc$")
      if(NOT EXISTS "${path}")
        continue()
      endif()
      set(made "")
    endif()
    list(APPEND resolved "${source}")
  endforeach()
  if(resolved OR kind STREQUAL "client")
    list(APPEND resolved ${made})
  endif()
  set(${list} "${resolved}" PARENT_SCOPE)
endfunction()

# What whoever links the library gets from it.
function(_chimod_interface)
  target_compile_features(${target} ${scope} cxx_std_17)
  target_include_directories(${target} ${scope}
    "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>"
    "$<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/gen/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${target} ${scope} chimaera::cxx)
  if(NOT module STREQUAL "admin")
    if(NOT TARGET chimaera::admin_client)
      find_package(chimaera_admin REQUIRED)
    endif()
    target_link_libraries(${target} ${scope} chimaera::admin_client)
  endif()
endfunction()

# How the library itself is compiled and where it is put.
function(_chimod_compile)
  target_compile_definitions(${target} PRIVATE
    "CHI_CHIMOD_NAME=\"${module}\"" "CHI_NAMESPACE=\"${ns}\""
    ${arg_COMPILE_DEFINITIONS})
  target_include_directories(${target} PRIVATE
    "${CMAKE_CURRENT_SOURCE_DIR}/src" ${arg_INCLUDE_DIRECTORIES})
  foreach(library IN LISTS arg_INCLUDE_LIBRARIES)
    target_include_directories(${target} PRIVATE
      "$<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>")
  endforeach()
  target_link_directories(${target} PRIVATE ${arg_LINK_DIRECTORIES})
  target_link_libraries(${target} PRIVATE ${arg_LINK_LIBRARIES})
  # Calls into libchimaera, several for every task, need no stub.
  target_compile_options(${target} PRIVATE -fno-plt)
  # Symbols of which a process must have one keep a library in memory for good:
  # a module that is unloaded would only seem to go.
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  # In this project modules obey the same warnings as the core.
  if(TARGET chimaera::warnings)
    target_link_libraries(${target} PRIVATE
      chimaera::warnings chimaera::sanitizers)
  endif()
  if(NOT CMAKE_LIBRARY_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
  endif()
  set_target_properties(${target} PROPERTIES
    INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH ON)
endfunction()

function(_chimod_runtime)
  target_compile_definitions(${target} PRIVATE CHIMAERA_RUNTIME=1)
  target_link_libraries(${target} PRIVATE rt)
  # Admin is linked for every module and loaded only by those that call it.
  target_link_options(${target} PRIVATE LINKER:--as-needed)
  if(TARGET ${ns}::${module}_client)
    target_link_libraries(${target} PUBLIC ${ns}::${module}_client)
  endif()
  if(NOT module STREQUAL "admin")
    target_link_libraries(${target} PRIVATE chimaera::admin_runtime)
  endif()
endfunction()

# Library, headers and the package <ns>_<module>; the package once per module.
function(_chimod_install kind)
  set(package ${ns}_${module})
  set(cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/${package}")
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${module}_${kind})
  install(TARGETS ${target} EXPORT ${package}Targets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")

  get_property(done GLOBAL PROPERTY CHIMAERA_INSTALLED_${package})
  if(done)
    return()
  endif()
  set_property(GLOBAL PROPERTY CHIMAERA_INSTALLED_${package} TRUE)
  install(DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/include/"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
  install(DIRECTORY "${CMAKE_BINARY_DIR}/gen/include/${ns}/${module}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/${ns}" FILES_MATCHING PATTERN "*.h")
  install(EXPORT ${package}Targets NAMESPACE ${ns}::
    FILE ${package}Targets.cmake DESTINATION "${cmake_dir}")
  set(config "# Loads module ${ns}::${module} and what it stands on.\n"
    "include(CMakeFindDependencyMacro)\nfind_dependency(chimaera)\n")
  if(NOT module STREQUAL "admin")
    list(APPEND config "find_dependency(chimaera_admin)\n")
  endif()
  list(APPEND config
    "include(\"\${CMAKE_CURRENT_LIST_DIR}/${package}Targets.cmake\")\n")
  list(JOIN config "" config)
  set(config_file "${CMAKE_CURRENT_BINARY_DIR}/${package}Config.cmake")
  file(CONFIGURE OUTPUT "${config_file}" CONTENT "${config}" @ONLY)
  install(FILES "${config_file}" DESTINATION "${cmake_dir}")
endfunction()
