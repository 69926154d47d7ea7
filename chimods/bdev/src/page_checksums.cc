// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// As FileStore::FirstBadPage does it.

#include "chimaera/bdev/page_checksums.h"

#include "format/crc32c.h"
#include "format/layout.h"
#include "format/metadata.h"

namespace chimaera::bdev {

using chi::u32;
using chi::u64;

static_assert(kChecksummedBytes == kPageSize);

bool MatchChecksums(const char* bytes, const u32* checksums, u64 count) {
  for (u64 i = 0; i < count; ++i) {
    if (checksums[i] == 0) continue;
    const u32 found = Crc32c(bytes + i * kChecksummedBytes, kChecksummedBytes);
    if (StoredChecksum(found) != checksums[i]) return false;
  }
  return true;
}

}  // namespace chimaera::bdev
