// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CRC32C (Castagnoli; RFC 3720, appendix B.4), by ISA-L, which chooses at run
// time between folding by vectors, the instruction and a table.

#ifndef CHIMAERA_BDEV_FORMAT_CRC32C_H_
#define CHIMAERA_BDEV_FORMAT_CRC32C_H_

#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Of `length` bytes. `crc` is that of the bytes before them, if any.
[[nodiscard]] chi::u32 Crc32c(const void* data, chi::u64 length,
                              chi::u32 crc = 0);

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_CRC32C_H_
