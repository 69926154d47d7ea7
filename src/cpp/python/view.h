// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A block of a device as Python looks at it in place, or a copy of one of a
// file: memory that is mapped read-only and stays what it is until the view is
// gone. The connection counts its views, so that nobody closes it under one by
// mistake; if it is closed all the same, or the runtime dies, the memory stays
// mapped.

#ifndef CHIMAERA_PYTHON_VIEW_H_
#define CHIMAERA_PYTHON_VIEW_H_

#include <chimaera/bdev/bdev_client.h>

#include <memory>

#include "chimaera/base/types.h"
#include "chimaera/ipc/ids.h"
#include "python/array.h"
#include "python/call.h"
#include "python/connection.h"
#include "python/pybind.h"

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
  /// Of a copy that nobody else writes to, made for a view.
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

/// The read-only array over the bytes of a block, from `offset` on, that a
/// LocateTask has found. It takes the task's hold over. Raises. Keeps the GIL,
/// also where the first look at a segment asks the runtime for it: two threads
/// may want the value of one Call.
py::object ViewOf(const std::shared_ptr<Connection>& connection, PoolId pool,
                  chimaera::bdev::LocateTask& task, u64 offset);

/// Frees a LocateTask, and ends its hold if no view has taken it over.
void FreeLocate(IpcManager& ipc, hipc::FullPtr<Task> done);

/// The call of a LocateTask, freed by FreeLocate; its value is the array.
std::unique_ptr<Call> CallOfView(const std::shared_ptr<Connection>& connection,
                                 PoolId pool, DroppedTask located, u64 offset);

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_VIEW_H_
