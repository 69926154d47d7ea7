# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Language level, warnings and sanitizers. Warnings and sanitizers are interface
# targets, so that a target says what it is compiled with and nothing leaks to
# the projects that use the installed library:
#   chimaera::warnings    strict, and errors (CHIMAERA_WARNINGS_AS_ERRORS)
#   chimaera::sanitizers  what CHIMAERA_SANITIZE asks for; empty by default

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Modules link libchimaera and its types cross the border with their inline
# members: functions keep default visibility, inline copies need not be exported.
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Kind of build" FORCE)
endif()
# Checks stay on in every build, those of the standard library's asserts too.
foreach(kind RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_${kind} "${CMAKE_CXX_FLAGS_${kind}}")
endforeach()

# Libraries find each other beside themselves, wherever the tree is moved to.
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
# $ORIGIN/lib is where the Python extension looks from its package directory.
set(CMAKE_INSTALL_RPATH "$ORIGIN;$ORIGIN/lib;$ORIGIN/../lib")
# One directory for all libraries: CHI_REPO_PATH may point at it.
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

add_library(chimaera_warnings INTERFACE)
add_library(chimaera::warnings ALIAS chimaera_warnings)
target_compile_options(chimaera_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wcast-qual $<$<BOOL:${CHIMAERA_WARNINGS_AS_ERRORS}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # Without optimisation g++ takes fresh memory whose address is passed on for
  # memory that is read; the optimised build looks again.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Debug>>:-Wno-maybe-uninitialized>)

add_library(chimaera_sanitizers INTERFACE)
add_library(chimaera::sanitizers ALIAS chimaera_sanitizers)
if(CHIMAERA_SANITIZE STREQUAL "address")
  set(sanitize_flags -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(CHIMAERA_SANITIZE STREQUAL "thread")
  # -Wno-tsan: a fence has no shadow state; code that uses one has a variant
  # for this build, and g++ would warn about the header all the same.
  set(sanitize_flags -fsanitize=thread)
  target_compile_options(chimaera_sanitizers INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
elseif(CHIMAERA_SANITIZE)
  message(FATAL_ERROR "CHIMAERA_SANITIZE is '${CHIMAERA_SANITIZE}': "
    "address, thread or nothing is possible")
endif()
# Half the time of compiling goes into what sanitizers do not need: reports have
# lines without the types of variables.
if(CHIMAERA_SANITIZE AND NOT CHIMAERA_FUZZ)
  target_compile_options(chimaera_sanitizers INTERFACE -O1 -g1)
endif()
if(CHIMAERA_FUZZ)
  # Coverage everywhere; only the targets get libFuzzer's main function.
  list(APPEND sanitize_flags -fsanitize=fuzzer-no-link)
endif()
if(CHIMAERA_SANITIZE)
  # g++'s manual says of -Wmaybe-uninitialized that instrumentation misleads it.
  target_compile_options(chimaera_sanitizers INTERFACE
    ${sanitize_flags} -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(chimaera_sanitizers INTERFACE ${sanitize_flags})
endif()
