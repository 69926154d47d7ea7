// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reached through INCLUDE_DIRECTORIES; needs libm.

#ifndef ROOT_H_
#define ROOT_H_

#include <cmath>

inline unsigned Root(unsigned number) {
  return static_cast<unsigned>(std::sqrt(number));
}

#endif  // ROOT_H_
