# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Finds liburing, whose Debian package has no CMake file: target Uring::Uring.

find_path(URING_INCLUDE_DIR liburing.h)
find_library(URING_LIBRARY uring)
mark_as_advanced(URING_INCLUDE_DIR URING_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Uring
  REQUIRED_VARS URING_LIBRARY URING_INCLUDE_DIR)

if(Uring_FOUND AND NOT TARGET Uring::Uring)
  add_library(Uring::Uring UNKNOWN IMPORTED)
  set_target_properties(Uring::Uring PROPERTIES
    IMPORTED_LOCATION "${URING_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${URING_INCLUDE_DIR}")
endif()
