// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A block of a device as Python looks at it in place: read-only memory that
// stays what it is until the view is gone. The connection counts its views, so
// that nobody closes it under one by mistake; if it is closed all the same, or
// the runtime dies, the memory stays mapped.

#ifndef CHIMAERA_PYTHON_VIEW_H_
#define CHIMAERA_PYTHON_VIEW_H_

#include <chimaera/bdev/block.h>

#include <memory>

#include "chimaera/base/types.h"
#include "chimaera/ipc/ids.h"
#include "python/array.h"
#include "python/connection.h"

namespace chi::python {

/// Ends one hold on a block, without waiting for it.
void Unpin(PoolId pool, const chimaera::bdev::Block& block) noexcept;

/// Offers its bytes by Python's buffer protocol. Every method needs the GIL.
class View {
 public:
  /// Takes over one hold on `block` of `pool`, whose bytes are at `data` in a
  /// segment that is mapped read-only.
  View(std::shared_ptr<Connection> connection, PoolId pool,
       const chimaera::bdev::Block& block, const char* data);
  /// Of a copy that nobody else writes to.
  View(std::shared_ptr<Connection> connection, PoolId pool,
       std::shared_ptr<const Buffer> copy);
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  const char* data() const { return data_; }
  u64 size() const { return size_; }

 private:
  const std::shared_ptr<Connection> connection_;
  const PoolId pool_;
  const chimaera::bdev::Block block_;         // size 0: nothing is pinned
  const std::shared_ptr<const Buffer> copy_;  // or null
  std::shared_ptr<const void> mappings_;      // keeps the segment mapped
  const char* const data_;
  const u64 size_;
};

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_VIEW_H_
