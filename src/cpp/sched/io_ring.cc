// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The kernel keeps completions that do not fit the completion queue (feature
// IORING_FEAT_NODROP, Linux 5.5), so more may be under way than it has places.

#include "sched/io_ring.h"

#include <errno.h>
#include <fcntl.h>

#include "chimaera/base/check.h"

namespace chi {
namespace {

constexpr u32 kEntries = 256;
constexpr u32 kReapedAtOnce = 32;
// A device that has nothing to do waits for no more than these.
constexpr u32 kSubmittedAtOnce = 8;

void Prepare(io_uring_sqe& sqe, FileOperation& operation) {
  const FileTransfer& transfer = *operation.transfer;
  switch (transfer.op) {
    case FileOp::kRead:
      io_uring_prep_read(&sqe, transfer.fd, operation.data(),
                         operation.length(), operation.offset());
      break;
    case FileOp::kWrite:
      io_uring_prep_write(&sqe, transfer.fd, operation.data(),
                          operation.length(), operation.offset());
      break;
    case FileOp::kSync:
      io_uring_prep_fsync(&sqe, transfer.fd,
                          transfer.with_metadata ? 0 : IORING_FSYNC_DATASYNC);
      break;
    case FileOp::kBeginSync:
      io_uring_prep_sync_file_range(&sqe, transfer.fd, 0, 0,
                                    SYNC_FILE_RANGE_WRITE);
      break;
  }
  io_uring_sqe_set_data(&sqe, &operation);
}

}  // namespace

Result<std::unique_ptr<IoRing>> IoRing::Make() {
  std::unique_ptr<IoRing> ring(new IoRing);
  const int error = io_uring_queue_init(kEntries, &ring->ring_, 0);
  if (error != 0) {
    ring->ring_.ring_fd = -1;
    return Status::FromErrno(-error, "io_uring");
  }
  if ((ring->ring_.features & IORING_FEAT_NODROP) == 0) {
    return Status::Unimplemented("io_uring may lose completions here");
  }
  return ring;
}

IoRing::~IoRing() {
  CHI_CHECK(num_added_ == 0 && num_in_kernel_ == 0);
  if (ring_.ring_fd >= 0) io_uring_queue_exit(&ring_);
}

void IoRing::Add(FileOperation& operation) {
  ++num_added_;
  io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
  if (sqe != nullptr) {
    Prepare(*sqe, operation);
    if (num_added_ >= kSubmittedAtOnce) Submit();
    return;
  }
  operation.next = waiting_;
  waiting_ = &operation;
}

void IoRing::Submit() {
  const int submitted = io_uring_submit(&ring_);
  // EAGAIN, EBUSY, EINTR: the kernel is short of something for a moment, and
  // takes them in a later turn.
  if (submitted <= 0) {
    CHI_CHECK(submitted == 0 || submitted == -EAGAIN || submitted == -EBUSY ||
                  submitted == -EINTR || submitted == -ENOMEM,
              "io_uring_submit: {}", submitted);
    return;
  }
  num_added_ -= static_cast<u32>(submitted);
  num_in_kernel_ += static_cast<u32>(submitted);
  while (waiting_ != nullptr) {
    io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) break;
    FileOperation& operation = *waiting_;
    waiting_ = operation.next;
    Prepare(*sqe, operation);
  }
}

bool IoRing::PollBusy() {
  const bool submits = num_added_ != 0;
  if (submits) Submit();
  bool busy = submits;
  io_uring_cqe* cqes[kReapedAtOnce];
  const u32 count = io_uring_peek_batch_cqe(&ring_, cqes, kReapedAtOnce);
  for (u32 i = 0; i < count; ++i) {
    auto& operation =
        *static_cast<FileOperation*>(io_uring_cqe_get_data(cqes[i]));
    const i32 result = cqes[i]->res;
    --num_in_kernel_;
    busy = true;
    if (operation.Take(result)) {
      operation.over.Set();
    } else {
      Add(operation);
    }
  }
  io_uring_cq_advance(&ring_, count);
  return busy;
}

}  // namespace chi
