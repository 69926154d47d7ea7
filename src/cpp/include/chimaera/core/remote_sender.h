// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a task leaves this node. The interface belongs to core, so that core
// knows no network; the layer that does implements it.

#ifndef CHIMAERA_CORE_REMOTE_SENDER_H_
#define CHIMAERA_CORE_REMOTE_SENDER_H_

#include <vector>

#include "chimaera/base/status.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/task.h"

namespace chi {

/// Safe from any worker.
class RemoteSender {
 public:
  RemoteSender() = default;
  virtual ~RemoteSender() = default;
  RemoteSender(const RemoteSender&) = delete;
  RemoteSender& operator=(const RemoteSender&) = delete;

  /// Sends `task` to each of `nodes` and completes it when all have answered
  /// or are given up. On kOk the sender holds the task until then; on an error
  /// it has not touched it. Never blocks. REQUIRES: `nodes` is not empty and
  /// does not name this node.
  [[nodiscard]] virtual Status Send(hipc::FullPtr<Task> task,
                                    const std::vector<NodeId>& nodes) = 0;
};

}  // namespace chi

#endif  // CHIMAERA_CORE_REMOTE_SENDER_H_
