// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who does a transfer: the caller, if it may be had at once or there is nobody
// to park; else the worker's ring; else the threads.

#include "chimaera/sched/file_io.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/sched/worker.h"
#include "sched/file_operation.h"
#include "sched/io_ring.h"
#include "sched/io_threads.h"

namespace chi {
namespace {

const char* Verb(FileOp op) {
  switch (op) {
    case FileOp::kRead:
      return "reading";
    case FileOp::kWrite:
      return "writing";
    case FileOp::kSync:
      break;
  }
  return "syncing";
}

bool IsOver(const FileTransfer& transfer) {
  return transfer.op != FileOp::kSync && transfer.done == transfer.length;
}

// Into the page cache by the worker itself: about as long as a copy in memory.
// Where a file system cannot tell that it would have to wait, as ext4 for
// writes, the ring would have a thread of the kernel do it, which takes longer.
constexpr u64 kMaxWrittenAtOnce = 64 * kKiB;

// Whatever goes wrong is met again by who does the rest.
void DoAtOnce(FileTransfer& transfer) {
  const off_t offset = static_cast<off_t>(transfer.offset);
  ssize_t moved = 0;
  if (transfer.op == FileOp::kRead) {
    iovec part{transfer.data, transfer.length};
    moved = preadv2(transfer.fd, &part, 1, offset, RWF_NOWAIT);
  } else if (transfer.op == FileOp::kWrite &&
             transfer.length <= kMaxWrittenAtOnce) {
    moved = pwrite(transfer.fd, transfer.data, transfer.length, offset);
  }
  if (moved > 0) transfer.done = static_cast<u64>(moved);
}

bool RingIsWanted() {
  static const bool wanted = [] {
    const char* const engine = getenv("CHI_FILE_ENGINE");
    return engine == nullptr || std::string_view(engine) != "threads";
  }();
  return wanted;
}

IoRing* RingOf(Worker& worker) {
  return RingIsWanted() ? worker.io_ring() : nullptr;
}

IoThreads& Threads() {
  static IoThreads threads;
  return threads;
}

void Start(Worker* worker, FileOperation& operation) {
  IoRing* const ring = worker == nullptr ? nullptr : RingOf(*worker);
  if (ring != nullptr) return ring->Add(operation);
  if (worker != nullptr && Threads().Add(operation)) return;
  while (!operation.Take(CallNow(operation))) {
  }
  operation.batch->EndOne();
}

}  // namespace

bool FileOperation::Take(ssize_t result) {
  FileTransfer& part = *transfer;
  if (result == -EINTR || result == -EAGAIN) return false;
  if (result < 0) {
    const std::string what =
        Format("{} {} bytes at {}", Verb(part.op), part.length - part.done,
               part.offset + part.done);
    part.status = result == -ENOSPC || result == -EDQUOT
                      ? Status::NoSpace(what + ": the file system is full")
                      : Status::FromErrno(static_cast<int>(-result), what);
    return true;
  }
  if (part.op == FileOp::kSync) return true;
  if (result == 0) {
    part.status =
        Status::Io(Format("{} at {}: {} of {} bytes, then nothing more",
                          Verb(part.op), part.offset, part.done, part.length));
    return true;
  }
  part.done += static_cast<u64>(result);
  return part.done == part.length;
}

ssize_t CallNow(const FileOperation& operation) {
  const FileTransfer& transfer = *operation.transfer;
  const off_t offset = static_cast<off_t>(operation.offset());
  ssize_t result = 0;
  switch (transfer.op) {
    case FileOp::kRead:
      result = pread(transfer.fd, operation.data(), operation.length(), offset);
      break;
    case FileOp::kWrite:
      result =
          pwrite(transfer.fd, operation.data(), operation.length(), offset);
      break;
    case FileOp::kSync:
      result = fdatasync(transfer.fd);
      break;
  }
  return result < 0 ? -errno : result;
}

Status TransferFiles(FileTransfer* transfers, std::size_t count) {
  std::vector<FileOperation> operations;
  operations.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    FileTransfer& transfer = transfers[i];
    if (transfer.cached) DoAtOnce(transfer);
    if (!IsOver(transfer)) operations.push_back({&transfer, nullptr, nullptr});
  }
  if (!operations.empty()) {
    Worker* const worker =
        CurrentRun() == nullptr ? nullptr : Worker::Current();
    FileBatch batch(operations.size());
    for (FileOperation& operation : operations) {
      operation.batch = &batch;
      Start(worker, operation);
    }
    batch.Wait();
  }
  for (std::size_t i = 0; i < count; ++i) {
    CHI_RETURN_IF_ERROR(transfers[i].status);
  }
  return Status();
}

FileEngine CurrentFileEngine() {
  if (!RingIsWanted()) return FileEngine::kThreads;
  Worker* const worker = Worker::Current();
  if (worker != nullptr) {
    return worker->io_ring() == nullptr ? FileEngine::kThreads
                                        : FileEngine::kRing;
  }
  static const bool works = IoRing::Make().ok();
  return works ? FileEngine::kRing : FileEngine::kThreads;
}

const char* FileEngineName(FileEngine engine) {
  return engine == FileEngine::kRing ? "io_uring" : "threads";
}

}  // namespace chi
