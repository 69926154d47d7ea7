// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A typed method's parameter `blocks`.

#ifndef CHIMAERA_BDEV_BLOCK_LIST_H_
#define CHIMAERA_BDEV_BLOCK_LIST_H_

#include <chimaera/bdev/block.h>
#include <chimaera/ipc/ids.h>
#include <chimaera/shm/hipc.h>

#include <vector>

namespace chimaera::bdev {

/// Blocks of one device. In a task: nothing of it has been checked, which is
/// the device's business.
struct BlockList {
  chi::PoolId pool;  ///< Of module bdev.
  chi::vector<Block> blocks;

  BlockList() = default;
  BlockList(const chi::PoolId& pool_id, const std::vector<Block>& list)
      : pool(pool_id) {
    blocks = list;
  }

  template <class Archive>
  void serialize(Archive& ar) {
    ar(pool, blocks);
  }
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_BLOCK_LIST_H_
