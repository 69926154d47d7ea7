# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Boost.Context and Boost.Fiber for the sanitizer presets, as shared libraries
# under the same names (Boost::context, Boost::fiber) that find_package() gives
# the other presets.
#
# Why not the system's: a sanitizer must be told of every stack switch. The
# libraries of a distribution switch stacks in assembly and tell nobody, so that
# an exception in a fiber is a false report of AddressSanitizer and a wake-up is
# a false race of ThreadSanitizer. With BOOST_USE_UCONTEXT and BOOST_USE_ASAN or
# BOOST_USE_TSAN the switch is swapcontext() between annotations. These macros
# change types in headers: whoever includes them must define the same, hence
# PUBLIC. Shared, since a second copy in a test would have a scheduler of its own.
# Headers of the other Boost libraries are the system's.

set(boost_source "${PROJECT_SOURCE_DIR}/build/boost-src")
execute_process(
  COMMAND "${PROJECT_SOURCE_DIR}/scripts/fetch_boost_sources.sh"
  COMMAND_ERROR_IS_FATAL ANY)

find_package(Boost 1.74 CONFIG REQUIRED)

add_library(chimaera_boost_context SHARED
  "${boost_source}/context/src/continuation.cpp"
  "${boost_source}/context/src/fiber.cpp")
set(posix_stack "${boost_source}/context/src/posix/stack_traits.cpp")
target_sources(chimaera_boost_context PRIVATE "${posix_stack}")

# Listed by folder: which files there are differs between Boost's versions.
file(GLOB fiber_sources "${boost_source}/fiber/src/*.cpp"
  "${boost_source}/fiber/src/algo/*.cpp")
add_library(chimaera_boost_fiber SHARED ${fiber_sources})
target_link_libraries(chimaera_boost_fiber PUBLIC chimaera_boost_context)

target_compile_definitions(chimaera_boost_context PUBLIC
  BOOST_USE_UCONTEXT
  $<$<STREQUAL:${CHIMAERA_SANITIZE},address>:BOOST_USE_ASAN>
  $<$<STREQUAL:${CHIMAERA_SANITIZE},thread>:BOOST_USE_TSAN>)

foreach(library context fiber)
  set(target chimaera_boost_${library})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  # Ahead of the system's headers of these two libraries; as system headers, for
  # their warnings are not ours.
  target_include_directories(${target} SYSTEM BEFORE PUBLIC
    "$<BUILD_INTERFACE:${boost_source}/${library}/include>")
  target_link_libraries(${target}
    PUBLIC Boost::headers
    PRIVATE chimaera_sanitizers Threads::Threads)
  target_compile_options(${target} PRIVATE -w)
  add_library(Boost::${library} ALIAS ${target})
endforeach()
# libchimaera needs them wherever it is installed.
install(TARGETS chimaera_boost_context chimaera_boost_fiber
  EXPORT chimaeraTargets LIBRARY DESTINATION lib)
