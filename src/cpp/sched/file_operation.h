// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A transfer under way, as ring and threads see it.

#ifndef CHIMAERA_SCHED_FILE_OPERATION_H_
#define CHIMAERA_SCHED_FILE_OPERATION_H_

#include <sys/types.h>

#include <algorithm>
#include <cstddef>

#include "chimaera/sched/coevent.h"
#include "chimaera/sched/file_io.h"

namespace chi {

/// On the stack of who waits for it.
struct FileOperation {
  FileTransfer* transfer = nullptr;
  FileOperation* next = nullptr;  ///< Its owner's queue.
  /// Set when it is over; it may be gone then.
  CoEvent over;

  /// The most that one system call is asked for.
  static constexpr u64 kMaxBytes = u64{1} << 30;

  char* data() const { return transfer->data + transfer->done; }
  u64 offset() const { return transfer->offset + transfer->done; }
  u32 length() const {
    return static_cast<u32>(
        std::min(transfer->length - transfer->done, kMaxBytes));
  }

  /// Takes what a system call returned, or -errno. True: the transfer is over;
  /// false: go on with what is left.
  bool Take(ssize_t result);
};

/// One system call that may block, with its result or -errno.
ssize_t CallNow(const FileOperation& operation);

}  // namespace chi

#endif  // CHIMAERA_SCHED_FILE_OPERATION_H_
