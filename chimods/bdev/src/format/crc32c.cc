// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one user of ISA-L.

#include "format/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace chimaera::bdev {

using chi::u32;
using chi::u64;
using chi::u8;

u32 Crc32c(const void* data, u64 length, u32 crc) {
  constexpr u64 kMaxPiece = chi::kGiB;  // its length is an int
  // It only reads, whatever its declaration says.
  u8* at = const_cast<u8*>(static_cast<const u8*>(data));
  crc = ~crc;
  while (length > 0) {
    const u64 piece = std::min(length, kMaxPiece);
    crc = crc32_iscsi(at, static_cast<int>(piece), crc);
    at += piece;
    length -= piece;
  }
  return ~crc;
}

}  // namespace chimaera::bdev
