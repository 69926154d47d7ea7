// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Interface: where the bytes of a device are. Which of them belong to whom is
// the block table's business; ranges that arrive here have been checked.
// tests/cpp/conformance/block_store_test.cc runs against every implementation.

#ifndef CHIMAERA_BDEV_BLOCK_STORE_H_
#define CHIMAERA_BDEV_BLOCK_STORE_H_

#include <map>
#include <string>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/bdev/block.h"
#include "chimaera/shm/offset_ptr.h"

namespace chimaera::bdev {

/// A named list of blocks, and its owner's bytes about it.
struct Object {
  std::string attributes;
  std::vector<Block> blocks;
};
using Objects = std::map<std::string, Object, std::less<>>;

/// What PutObject or DeleteObject does, checked. The names in it outlive it.
struct ObjectChange {
  const std::string& name;
  bool exists = false;             ///< There is one of this name.
  const Object* object = nullptr;  ///< The new one; null deletes.
  std::vector<Block> added;        ///< Blocks that it has and the old has not.
  std::vector<Block> dropped;      ///< And the other way round.
};

/// What came of comparing pages with their checksums.
struct Verified {
  chi::u64 num_pages = 0;  ///< That have one.
  chi::u64 num_bad = 0;    ///< Others than written, or not to be read.
  chi::Status first;       ///< What was wrong first.
};

/// One range of a store, and the memory it goes to or comes from.
struct Piece {
  chi::u64 offset = 0;
  char* data = nullptr;
  chi::u64 length = 0;
  /// Of a read: where the checksum of each page is to be put, for the reader to
  /// compare with; 0 is there already, for those that are compared or not
  /// known. All pieces of a call have it or none; then they are whole pages.
  chi::u32* checksums = nullptr;
};

/// What came of a transfer of several pieces.
struct PiecesOutcome {
  chi::Status status;
  /// Where in the store it went wrong first; kNowhere: nothing was tried.
  chi::u64 offset = kNowhere;

  static constexpr chi::u64 kNowhere = ~chi::u64{0};
};

/// What a store says of itself.
struct StoreStats {
  Engine engine = Engine::kRam;
  bool direct = false;       ///< Past the page cache, where it can.
  chi::u64 queue_depth = 0;  ///< Requests now, those that wait too.
  chi::u64 max_queue_depth = 0;
  chi::u64 oldest_ns = 0;  ///< How long the oldest has been under way.
};

/// Safe from any thread; of two calls that overlap in a byte, one of which
/// writes, either may win byte by byte.
class BlockStore {
 public:
  virtual ~BlockStore() = default;

  /// Bytes that can be stored.
  virtual chi::u64 size() const = 0;

  virtual StoreStats Stats() const = 0;

  /// Copies out. Bytes never written are zero. kBadRequest, and nothing is
  /// touched, if the range is not all inside; kIo.
  virtual chi::Status Read(chi::u64 offset, void* to, chi::u64 length) = 0;

  /// Copies in; `from` may lie in the store itself. Errors as Read.
  virtual chi::Status Write(chi::u64 offset, const void* from,
                            chi::u64 length) = 0;

  /// Several reads at once, of `pieces` in the order of their offsets. Errors
  /// as Read; after one, what the memory of any piece holds is undefined.
  /// A store with checksums does not compare pages whose checksums it gives.
  virtual PiecesOutcome ReadPieces(const std::vector<Piece>& pieces);

  /// The same of Write. After an error any part of any piece may be written.
  /// REQUIRES: no two pieces share a byte.
  virtual PiecesOutcome WritePieces(const std::vector<Piece>& pieces);

  /// Returns when everything that was written before the call survives a power
  /// cut, where the store can promise that. kIo; then every later Write fails.
  virtual chi::Status Sync() = 0;

  /// Begins what a later Sync or Commit would have to wait for. Promises
  /// nothing.
  virtual void BeginSync() {}

  /// Makes a change of the objects, whole or not at all, which survives a power
  /// cut where the store can promise that; the bytes of `added` do so first.
  /// Nobody writes them meanwhile, nor ever again while they belong to an
  /// object. kNoSpace, and nothing has happened; kIo: then it may or may not
  /// have happened, and every later change and Write fails.
  virtual chi::Status Commit(const ObjectChange& change) = 0;

  /// The objects that it kept from an earlier life, of blocks that say they are
  /// of `container_id`.
  virtual Objects Load(chi::u32 container_id) const = 0;

  /// Compares `count` pages of 4096 bytes, which lie inside, with their
  /// checksums where they are known. What is said of pages that are written
  /// meanwhile means nothing.
  virtual Verified Verify(chi::u64 page, chi::u64 count) = 0;

  /// Where the bytes lie in a runtime-wide segment. kBadRequest as Read;
  /// kUnimplemented by stores that are not in memory.
  virtual chi::Result<chi::ShmPtr> Locate(chi::u64 offset, chi::u64 length) = 0;

  /// From now on nobody gets at the bytes anew; who has located some may still
  /// be reading until every worker has passed its loop top.
  virtual void Retire() = 0;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_BLOCK_STORE_H_
