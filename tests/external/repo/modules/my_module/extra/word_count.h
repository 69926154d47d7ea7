// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reached through INCLUDE_LIBRARIES.

#ifndef WORD_COUNT_H_
#define WORD_COUNT_H_

#include <sstream>
#include <string>

inline unsigned WordCount(const std::string& text) {
  std::istringstream words(text);
  unsigned count = 0;
  for (std::string word; words >> word;) ++count;
  return count;
}

#endif  // WORD_COUNT_H_
