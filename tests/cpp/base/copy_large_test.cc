// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A streaming copy is a copy.

#include "chimaera/base/copy_large.h"

#include <vector>

#include "support/catch.h"

using chi::u64;
using chi::u8;

TEST_CASE("CopyLarge: every byte at any alignment, and none beside it") {
  std::vector<u8> source(1024);
  for (u64 i = 0; i < source.size(); ++i) source[i] = static_cast<u8>(i * 7);
  for (const u64 size : {u64{0}, u64{1}, u64{63}, u64{64}, u64{65}, u64{700}}) {
    for (u64 at = 0; at < 130; at += 13) {
      std::vector<u8> wanted(1024, 0xee);
      std::vector<u8> target = wanted;
      for (u64 i = 0; i < size; ++i) wanted[at + i] = source[3 + i];
      chi::CopyLarge(target.data() + at, source.data() + 3, size);
      REQUIRE(target == wanted);
    }
  }
}
