# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Target check_headers: compiles every public header alone, with the warnings of
# the library, so that a user may include any of them first. It proves that a
# header includes what it needs; it cannot see what it includes in vain. The
# headers are found by globbing, so that none escapes.

set(header_root "${PROJECT_SOURCE_DIR}/src/cpp/include")
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${header_root}"
  "${header_root}/chimaera/*.h")
set(units "")
foreach(header IN LISTS headers)
  string(REPLACE "/" "__" unit "${header}")
  set(unit "${PROJECT_BINARY_DIR}/check_headers/${unit}.cc")
  file(CONFIGURE OUTPUT "${unit}"
    CONTENT "#include <${header}>\n#include <${header}>\n")
  list(APPEND units "${unit}")
endforeach()
if(units)
  add_library(check_headers OBJECT EXCLUDE_FROM_ALL ${units})
  target_link_libraries(check_headers PRIVATE chimaera::cxx chimaera::warnings)
endif()
