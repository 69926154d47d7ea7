// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// For methods of other modules: where a client's block lies in this process.

#ifndef CHIMAERA_BDEV_LOCATED_BLOCK_H_
#define CHIMAERA_BDEV_LOCATED_BLOCK_H_

#include <chimaera/base/format.h>
#include <chimaera/bdev/bdev_client.h>
#include <chimaera/chimaera.h>

#include <utility>

namespace chimaera::bdev {

/// A block of a device in memory, kept where it is for as long as this object
/// lives. Only in a method, which may park here.
class LocatedBlock {
 public:
  /// `client_id` is RunContext's: the block must be that client's. kNotFound,
  /// kBadRequest: no such pool, or not of module bdev; kUnimplemented: a device
  /// that is not in memory; errors of blocks as in bdev.
  static chi::Result<LocatedBlock> Find(chi::PoolId pool, const Block& block,
                                        chi::u64 client_id, bool for_writing) {
    CHI_RETURN_IF_ERROR(CheckDevice(pool));
    Client device(pool);
    CHI_ASSIGN_OR_RETURN(
        const hipc::Pointer place,
        device.Locate(HSHM_MCTX, block, client_id, for_writing));
    LocatedBlock located(pool, block);
    located.data_ = chi::Chimaera::Get().segments().Resolve(place, block.size_);
    if (located.data_ != nullptr) return located;
    return chi::Status::Internal(
        chi::Format("{} does not lie at {}", block, place));
  }
  LocatedBlock(LocatedBlock&& other) noexcept
      : pool_(other.pool_),
        block_(other.block_),
        data_(other.data_),
        pinned_(std::exchange(other.pinned_, false)) {}
  LocatedBlock& operator=(LocatedBlock&&) = delete;
  ~LocatedBlock() {
    // Not waited for: the block is ours until it is done, and a destructor
    // must not park.
    if (pinned_) Client(pool_).AsyncUnpin(HSHM_MCTX, block_);
  }

  char* data() const { return data_; }
  chi::u64 size() const { return block_.size_; }

 private:
  LocatedBlock(chi::PoolId pool, const Block& block)
      : pool_(pool), block_(block) {}

  // A task of bdev must not reach a method of another module.
  static chi::Status CheckDevice(chi::PoolId id) {
    const chi::Pool* pool = CHI_POOL_MANAGER->Find(id);
    if (pool == nullptr) {
      return chi::Status::NotFound(chi::Format("pool {}", id));
    }
    if (pool->module_name() == CreateParams::chimod_lib_name) {
      return chi::Status();
    }
    return chi::Status::BadRequest(chi::Format(
        "pool {} is of {}, not a block device", id, pool->module_name()));
  }

  const chi::PoolId pool_;
  const Block block_;
  char* data_ = nullptr;
  bool pinned_ = true;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_LOCATED_BLOCK_H_
