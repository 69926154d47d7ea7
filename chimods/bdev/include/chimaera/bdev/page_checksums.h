// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Comparing what was read with its checksums, by the client that has read it.

#ifndef CHIMAERA_BDEV_PAGE_CHECKSUMS_H_
#define CHIMAERA_BDEV_PAGE_CHECKSUMS_H_

#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Bytes that share one checksum.
inline constexpr chi::u64 kChecksummedBytes = 4096;

/// Whether `count` pages at `bytes` are what `checksums` say, which a
/// ReadBlocksTask has brought; 0 says nothing about its page.
[[nodiscard]] bool MatchChecksums(const char* bytes, const chi::u32* checksums,
                                  chi::u64 count);

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_PAGE_CHECKSUMS_H_
