// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The named objects of a device: who has which blocks. It tells the table of
// blocks what is sealed and the store what has to survive.
//
// A change goes through three hands, in this order: the blocks are sealed, the
// store commits, the names change; then what was replaced is given back. Who
// asks for an object meanwhile gets the old one.

#ifndef CHIMAERA_BDEV_OBJECT_TABLE_H_
#define CHIMAERA_BDEV_OBJECT_TABLE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "block_store.h"
#include "block_table.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "range_lock.h"

namespace chimaera::bdev {

/// One object in a listing.
struct ObjectInfo {
  std::string name;
  chi::u64 size = 0;  ///< Bytes of its blocks.
};

/// Safe from any thread. Changes of one name wait for each other, parked.
class ObjectTable {
 public:
  /// `blocks` and `store` outlive the table. Errors as BlockTable::Restore.
  static chi::Result<std::unique_ptr<ObjectTable>> Open(BlockTable& blocks,
                                                        BlockStore& store);
  ObjectTable(const ObjectTable&) = delete;
  ObjectTable& operator=(const ObjectTable&) = delete;

  /// Makes `name` the object, or changes nothing. Its blocks are `caller`'s, or
  /// those of the object that it replaces.
  ///   kBadRequest, kStale  a name or attributes too long, or as BlockTable
  ///   kAlreadyExists       and `replace` is not wanted
  ///   kNoSpace             for names and attributes
  ///   kIo                  as BlockStore::Commit
  /// Throws StatusError if the task is cancelled or late before it began.
  chi::Status Put(chi::u64 caller, const std::string& name, Object object,
                  bool replace);
  /// kNotFound.
  chi::Result<Object> Get(std::string_view name) const;
  /// kNotFound; kIo as for Put.
  chi::Status Delete(const std::string& name);
  /// The first `limit` whose names begin with `prefix` and are above `after`,
  /// sorted byte by byte.
  std::vector<ObjectInfo> List(std::string_view prefix, std::string_view after,
                               chi::u64 limit) const;

  chi::u64 num_objects() const;

 private:
  class Room;

  ObjectTable(BlockTable& blocks, BlockStore& store, chi::u64 max_bytes)
      : blocks_(blocks), store_(store), max_bytes_(max_bytes) {}
  chi::Status Reserve(chi::u64 bytes);
  void Release(chi::u64 bytes);

  BlockTable& blocks_;
  BlockStore& store_;
  // What a client may make this process remember.
  const chi::u64 max_bytes_;

  // Of hashes of names that are being changed.
  RangeLock changing_;

  mutable chi::Mutex mu_;
  Objects objects_ CHI_GUARDED_BY(mu_);
  chi::u64 used_bytes_ CHI_GUARDED_BY(mu_) = 0;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_OBJECT_TABLE_H_
