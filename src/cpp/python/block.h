// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Blocks of a device as they cross from Python: offset, size, id, container.

#ifndef CHIMAERA_PYTHON_BLOCK_H_
#define CHIMAERA_PYTHON_BLOCK_H_

#include <chimaera/bdev/block.h>

#include <tuple>
#include <vector>

#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/ipc/pool_query.h"
#include "chimaera/shm/vector.h"
#include "python/pybind.h"

namespace chi::python {

using BlockTuple = std::tuple<u64, u64, u64, u32>;

inline chimaera::bdev::Block ToBlock(const BlockTuple& row) {
  chimaera::bdev::Block block;
  std::tie(block.offset_, block.size_, block.block_id_, block.container_id_) =
      row;
  return block;
}

inline std::vector<chimaera::bdev::Block> ToBlocks(
    const std::vector<BlockTuple>& rows) {
  std::vector<chimaera::bdev::Block> blocks;
  blocks.reserve(rows.size());
  for (const BlockTuple& row : rows) blocks.push_back(ToBlock(row));
  return blocks;
}

/// A list of BlockTuple.
template <class Blocks>
py::list ToRows(const Blocks& blocks) {
  py::list rows;
  for (const chimaera::bdev::Block& each : blocks) {
    rows.append(py::make_tuple(each.offset_, each.size_, each.block_id_,
                               each.container_id_));
  }
  return rows;
}

/// The container that has it.
inline PoolQuery HomeOf(const chimaera::bdev::Block& block) {
  return PoolQuery::DirectId(block.container_id_);
}
/// They are of one.
inline PoolQuery HomeOf(const std::vector<chimaera::bdev::Block>& blocks) {
  return blocks.empty() ? PoolQuery::Local() : HomeOf(blocks[0]);
}

/// Gives blocks of one container back, without waiting for it.
void GiveBack(PoolId pool,
              const std::vector<chimaera::bdev::Block>& blocks) noexcept;

/// Frees an AllocateBlocksTask, and gives back what nobody took over from it.
void FreeAllocate(IpcManager& ipc, hipc::FullPtr<Task> done);

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_BLOCK_H_
