// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A worker's io_uring. Operations are collected and handed to the kernel a few
// at a time, and once per turn of the worker's loop, which also looks for those
// that are over.

#ifndef CHIMAERA_SCHED_IO_RING_H_
#define CHIMAERA_SCHED_IO_RING_H_

#include <liburing.h>

#include <memory>

#include "chimaera/base/result.h"
#include "sched/file_operation.h"

namespace chi {

/// Belongs to the thread that made it.
class IoRing {
 public:
  /// kUnimplemented or another error where the kernel refuses.
  static Result<std::unique_ptr<IoRing>> Make();
  /// REQUIRES: nothing is under way.
  ~IoRing();
  IoRing(const IoRing&) = delete;
  IoRing& operator=(const IoRing&) = delete;

  /// Readable while Poll has something to do.
  int fd() const { return ring_.ring_fd; }

  /// Takes `operation`, which stays where it is until it is over.
  void Add(FileOperation& operation);

  /// Hands over what was added and ends what is over, which makes methods
  /// ready. Returns whether there was anything of the kind; if not, nothing is
  /// left to hand over.
  bool Poll() { return (num_added_ | num_in_kernel_) != 0 && PollBusy(); }

 private:
  IoRing() = default;
  bool PollBusy();
  void Submit();

  io_uring ring_{};
  FileOperation* waiting_ = nullptr;  // for room in the ring
  u32 num_added_ = 0;                 // in the ring or waiting, not submitted
  u32 num_in_kernel_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_IO_RING_H_
