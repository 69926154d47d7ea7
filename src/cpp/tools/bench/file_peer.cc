// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One ring, one system call per wait, as fio has it by default.

#include "file_peer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "chimaera/base/check.h"

namespace chi::bench {

FilePeer::FilePeer(const std::string& path, bool direct) {
  const int flags = O_RDWR | O_CREAT | O_CLOEXEC | (direct ? O_DIRECT : 0);
  fd_ = UniqueFd(open(path.c_str(), flags, 0600));
  CHI_CHECK(fd_.valid(), "{}: {}", path, std::strerror(errno));
  CHI_CHECK(posix_fallocate(fd_.get(), 0, kFileBytes) == 0, "{}", path);
  buffers_ = static_cast<char*>(std::aligned_alloc(4096, kBufferBytes));
  std::memset(buffers_, 1, kBufferBytes);
  for (u64 at = 0; at < kFileBytes; at += kBufferBytes) {
    CHI_CHECK(pwrite(fd_.get(), buffers_, kBufferBytes,
                     static_cast<off_t>(at)) == kBufferBytes);
  }
  CHI_CHECK(io_uring_queue_init(kMaxDepth, &ring_, 0) == 0);
}

FilePeer::~FilePeer() {
  io_uring_queue_exit(&ring_);
  std::free(buffers_);
}

void FilePeer::Prepare(const Transfers& transfers, u64 slot) {
  io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
  const auto bytes = static_cast<u32>(transfers.bytes);
  char* const data = buffers_ + slot * bytes;
  const u64 offset = offsets_.Next(bytes);
  if (transfers.write) {
    io_uring_prep_write(sqe, fd_.get(), data, bytes, offset);
  } else {
    io_uring_prep_read(sqe, fd_.get(), data, bytes, offset);
  }
  sqe->user_data = slot;
}

Samples FilePeer::Run(const Transfers& transfers, u64 slice_ns) {
  Pace pace(transfers, slice_ns);
  u64 under_way = 0;
  while (under_way < transfers.depth) Prepare(transfers, under_way++);
  while (under_way > 0) {
    CHI_CHECK(io_uring_submit_and_wait(&ring_, 1) >= 0);
    io_uring_cqe* cqes[kMaxDepth];
    const u32 count = io_uring_peek_batch_cqe(&ring_, cqes, kMaxDepth);
    const bool goes_on = pace.Took(count);
    under_way -= count;
    for (u32 i = 0; i < count; ++i) {
      CHI_CHECK(cqes[i]->res == static_cast<i32>(transfers.bytes));
      if (!goes_on) continue;
      Prepare(transfers, cqes[i]->user_data);
      ++under_way;
    }
    io_uring_cq_advance(&ring_, count);
  }
  return pace.Result();
}

}  // namespace chi::bench
