// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Random transactions that a device's user could commit.

#ifndef CHIMAERA_TESTS_CHIMODS_METADATA_WORKLOAD_H_
#define CHIMAERA_TESTS_CHIMODS_METADATA_WORKLOAD_H_

#include "chimaera/base/random.h"
#include "format/metadata.h"
#include "format/transaction.h"

namespace chi::test {

/// A device that is small enough for millions of images: a checkpoint of
/// 8 KiB, a journal of 8 records, 64 pages of data.
[[nodiscard]] chimaera::bdev::Geometry TinyGeometry();

/// Bytes of its metadata, which lie in front of the data.
[[nodiscard]] inline u64 MetadataBytes(
    const chimaera::bdev::Geometry& geometry) {
  return geometry.DataAt();
}

/// Applies to `now`. Creates, replaces and deletes objects, takes and drops
/// blocks and leases, sets checksums; mostly small, at times many records.
[[nodiscard]] chimaera::bdev::Transaction RandomTransaction(
    const chimaera::bdev::Metadata& now, Random& random);

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_CHIMODS_METADATA_WORKLOAD_H_
