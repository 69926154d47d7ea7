// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See view.h.

#include "python/view.h"

#include <chimaera/bdev/bdev_client.h>

#include <utility>

#include "chimaera/base/log.h"
#include "chimaera/ipc/client_core.h"

namespace chi::python {

namespace bdev = chimaera::bdev;

void Unpin(PoolId pool, const bdev::Block& block) noexcept {
  bdev::Client device(pool);
  try {
    // The future is dropped: the client frees the task when it is done.
    device.AsyncUnpin(HSHM_MCTX, block);
  } catch (const StatusError& error) {
    // The space stays pinned until this client is gone.
    CHI_LOG(kWarning, "unpin: {}", error.status());
  }
}

View::View(std::shared_ptr<Connection> connection, PoolId pool,
           const bdev::Block& block, const char* data)
    : connection_(std::move(connection)),
      pool_(pool),
      block_(block),
      mappings_(connection_->client().control().mappings()),
      data_(data),
      size_(block.size_) {
  connection_->AddView(pool_);
}

View::View(std::shared_ptr<Connection> connection, PoolId pool,
           std::shared_ptr<const Buffer> copy)
    : connection_(std::move(connection)),
      pool_(pool),
      copy_(std::move(copy)),
      data_(copy_->data()),
      size_(copy_->size()) {
  connection_->AddView(pool_);
}

View::~View() {
  connection_->RemoveView(pool_);
  if (copy_ != nullptr || connection_->closed() || connection_->forked() ||
      !connection_->client().control().Check().ok()) {
    return;
  }
  Unpin(pool_, block_);
}

}  // namespace chi::python
