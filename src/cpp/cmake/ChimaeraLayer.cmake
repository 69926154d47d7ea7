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

function(chi_add_layer)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LIBS")
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
  set_property(GLOBAL APPEND PROPERTY CHIMAERA_LAYERS chi_${arg_NAME})
  set_property(GLOBAL APPEND PROPERTY CHIMAERA_LAYER_LIBS ${arg_LIBS})
endfunction()
