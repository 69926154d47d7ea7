// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Waiting for a pipe, a socket or any other descriptor that poll(2) knows. In
// a method the fiber is parked and its worker's epoll set watches the
// descriptor; on another thread the thread sleeps in poll.

#ifndef CHIMAERA_SCHED_COWAIT_H_
#define CHIMAERA_SCHED_COWAIT_H_

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/waiter.h"

namespace chi {

/// Returns kOk once reading from `fd`, respectively writing to it, would not
/// block: also when the other end is closed or there is an error, which the
/// read or write then tells. Several may wait for one descriptor, in both
/// directions; all of them wake up, so it should be non-blocking. It may be
/// closed meanwhile; who waits for it then waits on.
///
/// kDeadlineExceeded after `timeout_ns`; kIo if it is no open descriptor.
/// Throws StatusError when the task is cancelled or its own deadline passes.
[[nodiscard]] Status CoWaitReadable(int fd, u64 timeout_ns = kDefaultTimeoutNs);
[[nodiscard]] Status CoWaitWritable(int fd, u64 timeout_ns = kDefaultTimeoutNs);

}  // namespace chi

#endif  // CHIMAERA_SCHED_COWAIT_H_
