# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# chi_add_layer(): how a folder of src/cpp becomes part of libchimaera.
#
#   chi_add_layer(NAME <layer> SOURCES <file.cc>... [LIBS <target>...])
#
# Declares the OBJECT library chi_<layer>. LIBS are third-party targets that the
# layer's .cc files include; libchimaera links them, its users do not see them.
# Sources are listed, never globbed: a file that is not named is not built.

# Drops from `list` the files that are not there, each with a warning, so that
# one unfinished layer does not keep the others from building. The glob makes
# CMake look again as soon as a file appears.
function(chi_existing_sources list)
  file(GLOB seen CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  set(existing "")
  foreach(source IN LISTS ${list})
    cmake_path(ABSOLUTE_PATH source
      BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE path)
    if(EXISTS "${path}")
      list(APPEND existing "${source}")
    else()
      message(WARNING "${path} is listed and does not exist: left out")
    endif()
  endforeach()
  set(${list} "${existing}" PARENT_SCOPE)
endfunction()

function(chi_add_layer)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LIBS")
  chi_existing_sources(arg_SOURCES)
  if(NOT arg_SOURCES)
    message(STATUS "Layer ${arg_NAME} has no sources")
    return()
  endif()
  add_library(chi_${arg_NAME} OBJECT ${arg_SOURCES})
  target_include_directories(chi_${arg_NAME} PRIVATE
    "${PROJECT_SOURCE_DIR}/src/cpp/include"
    "${PROJECT_SOURCE_DIR}/src/cpp")
  target_link_libraries(chi_${arg_NAME} PRIVATE
    chimaera::warnings chimaera::sanitizers Threads::Threads ${arg_LIBS})
  # Nobody replaces functions of libchimaera at load time: its own calls need no
  # stub, and may be inlined. 3 % of the instructions of a null task.
  target_compile_options(chi_${arg_NAME} PRIVATE
    -fno-semantic-interposition -fno-plt)
  set_property(GLOBAL APPEND PROPERTY CHIMAERA_LAYERS chi_${arg_NAME})
  set_property(GLOBAL APPEND PROPERTY CHIMAERA_LAYER_LIBS ${arg_LIBS})
endfunction()
