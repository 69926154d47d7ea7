// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Blocks of a device as they cross from Python: offset, size, id, container.

#ifndef CHIMAERA_PYTHON_BLOCK_H_
#define CHIMAERA_PYTHON_BLOCK_H_

#include <chimaera/bdev/block.h>

#include <tuple>

#include "python/pybind.h"

namespace chi::python {

using BlockTuple = std::tuple<u64, u64, u64, u32>;

inline chimaera::bdev::Block ToBlock(const BlockTuple& row) {
  chimaera::bdev::Block block;
  std::tie(block.offset_, block.size_, block.block_id_, block.container_id_) =
      row;
  return block;
}

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_BLOCK_H_
