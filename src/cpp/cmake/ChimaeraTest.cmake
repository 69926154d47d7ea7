# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# chi_add_test(): the only way in which a C++ test is declared.
#
#   chi_add_test(NAME <name> SOURCES <file_test.cc>... [LIBS <target>...]
#                [TIMEOUT_S <seconds>] [LABELS <label>...] [SERIAL])
#
# Builds bin/chi_<name>_test with Catch2's main function and registers each
# TEST_CASE with ctest as "<name>/<title>", so that a test that hangs or crashes
# is named and stops alone. TIMEOUT_S (900 by default, twice that under a
# sanitizer) is a bound against hangs, not a claim about speed. Tests may include
# private headers as "<layer>/<file>.h", shared helpers as "support/<file>.h".
# LABELS stress takes them out of ctest's usual run: `make stress` runs them.
# SERIAL keeps ctest from running anything else beside these tests.

find_package(Catch2 REQUIRED)
include(Catch)

function(chi_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg
    "SERIAL" "NAME;TIMEOUT_S" "SOURCES;LIBS;LABELS")
  chi_existing_sources(arg_SOURCES)
  if(NOT arg_SOURCES)
    message(STATUS "Test ${arg_NAME} has no sources")
    set(arg_SOURCES "${CMAKE_CURRENT_BINARY_DIR}/empty.cc")
    file(WRITE "${arg_SOURCES}" "")
  endif()
  if(NOT arg_TIMEOUT_S)
    set(arg_TIMEOUT_S 900)
  endif()
  if(CHIMAERA_SANITIZE)
    math(EXPR arg_TIMEOUT_S "${arg_TIMEOUT_S} * 2")
  endif()

  set(target chi_${arg_NAME}_test)
  add_executable(${target} ${arg_SOURCES})
  target_include_directories(${target} PRIVATE
    "${PROJECT_SOURCE_DIR}/src/cpp" "${PROJECT_SOURCE_DIR}/tests/cpp")
  target_compile_definitions(${target} PRIVATE
    CHI_TEST_LIBRARY_DIR="${CMAKE_LIBRARY_OUTPUT_DIRECTORY}")
  target_link_libraries(${target} PRIVATE
    ${arg_LIBS} chimaera::warnings chimaera::sanitizers
    Catch2::Catch2WithMain Threads::Threads)

  set(properties TIMEOUT ${arg_TIMEOUT_S})
  if(arg_LABELS)
    list(APPEND properties LABELS "${arg_LABELS}")
  endif()
  if(arg_SERIAL)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  catch_discover_tests(${target} TEST_PREFIX "${arg_NAME}/"
    PROPERTIES ${properties})
endfunction()
