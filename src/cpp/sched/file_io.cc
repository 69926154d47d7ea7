// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who does a transfer: the caller, if it may be had at once or there is nobody
// to park; else the worker's ring; else the threads.

#include "chimaera/sched/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/fault_point.h"
#include "chimaera/base/format.h"
#include "chimaera/base/start_thread.h"
#include "chimaera/sched/tracer.h"
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
    case FileOp::kBeginSync:
      break;
  }
  return "syncing";
}

bool MovesBytes(FileOp op) {
  return op == FileOp::kRead || op == FileOp::kWrite;
}

bool IsOver(const FileTransfer& transfer) {
  return MovesBytes(transfer.op) && transfer.done == transfer.length;
}

// Into the page cache by the caller itself, which takes as long as a copy in
// memory, a piece at a time; pieces end where the page cache's largest do.
// Where a file system cannot tell that it would have to wait, as ext4 for
// writes, the ring would have a thread of the kernel do it, which takes twice
// as long.
constexpr u64 kWrittenAtOnce = kMiB;
// A piece that takes longer had to wait: the kernel holds writers up while too
// much is dirty. Then the ring gets everything for a while.
constexpr u64 kHeldUpNs = 2 * kNsPerMs;
constexpr u64 kHeldUpPauseNs = 100 * kNsPerMs;
std::atomic<u64> held_up_until_ns{0};  // of all callers; on the system clock

void LetOthersRun() {
  if (CurrentRun() == nullptr) return;
  // Who has to end is told by who called; bytes go on their way as ever.
  static_cast<void>(Worker::Current()->Yield());
}

void WriteAtOnce(FileTransfer& transfer) {
  const Clock& clock = SystemClock::Get();
  u64 before_ns = clock.NowNs();
  while (held_up_until_ns.load(std::memory_order_relaxed) <= before_ns) {
    const u64 at = transfer.offset + transfer.done;
    const u64 piece = std::min(transfer.length - transfer.done,
                               kWrittenAtOnce - at % kWrittenAtOnce);
    const ssize_t moved = pwrite(transfer.fd, transfer.data + transfer.done,
                                 piece, static_cast<off_t>(at));
    if (moved <= 0) return;
    transfer.done += static_cast<u64>(moved);
    const u64 after_ns = clock.NowNs();
    if (after_ns - before_ns > kHeldUpNs) {
      held_up_until_ns.store(after_ns + kHeldUpPauseNs,
                             std::memory_order_relaxed);
    }
    if (IsOver(transfer)) return;
    LetOthersRun();
    before_ns = clock.NowNs();
  }
}

// Whatever goes wrong is met again by who does the rest.
void DoAtOnce(FileTransfer& transfer) {
  if (transfer.op == FileOp::kWrite) return WriteAtOnce(transfer);
  if (transfer.op != FileOp::kRead) return;
  iovec part{transfer.data, transfer.length};
  const ssize_t moved = preadv2(
      transfer.fd, &part, 1, static_cast<off_t>(transfer.offset), RWF_NOWAIT);
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
  static IoThreads* const threads = std::make_unique<IoThreads>().release();
  return *threads;
}

// One for each transfer; none that is started may move.
class Operations {
 public:
  explicit Operations(std::size_t count)
      : many_(count > few_.size() ? count : 0) {}
  FileOperation& operator[](std::size_t i) {
    return many_.empty() ? few_[i] : many_[i];
  }

 private:
  std::array<FileOperation, 4> few_;
  std::vector<FileOperation> many_;
};

// A transfer that comes back when a fault tool lets it.
void Stall(FileOperation& operation) {
  StartThread([&operation] {
    while (CHI_FAULT("sched.file_io.stalled")) this_task::SleepFor(kNsPerMs);
    while (!operation.Take(CallNow(operation))) {
    }
    operation.over.Set();
  }).detach();
}

void Start(Worker* worker, FileOperation& operation) {
  if (CHI_FAULT("sched.file_io.stall")) return Stall(operation);
  IoRing* const ring = worker == nullptr ? nullptr : RingOf(*worker);
  if (ring != nullptr) return ring->Add(operation);
  if (worker != nullptr && Threads().Add(operation)) return;
  while (!operation.Take(CallNow(operation))) {
  }
  operation.over.Set();
}

// What the kernel says, or what a fault tool makes of it.
ssize_t Tampered(FileOp op, ssize_t result) {
  if (CHI_FAULT("sched.file_io.eio")) return -EIO;
  if (CHI_FAULT("sched.file_io.full")) return -ENOSPC;
  if (!MovesBytes(op)) return result;
  if (CHI_FAULT("sched.file_io.interrupted")) return -EINTR;
  // Half of it; whole sectors, which direct I/O goes on with.
  const ssize_t unit = result % 512 == 0 ? 512 : 1;
  const ssize_t half = result / 2 / unit * unit;
  return half > 0 && CHI_FAULT("sched.file_io.short") ? half : result;
}

}  // namespace

bool FileOperation::Take(ssize_t result) {
  FileTransfer& part = *transfer;
  result = Tampered(part.op, result);
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
  if (!MovesBytes(part.op)) return true;
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
      result =
          transfer.with_metadata ? fsync(transfer.fd) : fdatasync(transfer.fd);
      break;
    case FileOp::kBeginSync:
      result = sync_file_range(transfer.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
      break;
  }
  return result < 0 ? -errno : result;
}

Status TransferFiles(FileTransfer* transfers, std::size_t count,
                     const Arrived& arrived) {
  const RunContext* const run = CurrentRun();
  const TraceSpan traced(run, transfers, count);
  Operations operations(count);
  Worker* const worker = run == nullptr ? nullptr : Worker::Current();
  for (std::size_t i = 0; i < count; ++i) {
    if (transfers[i].cached && !CHI_FAULT("sched.file_io.not_at_once")) {
      DoAtOnce(transfers[i]);
    }
    if (IsOver(transfers[i])) continue;
    operations[i].transfer = &transfers[i];
    Start(worker, operations[i]);
  }
  Status first;
  for (std::size_t i = 0; i < count; ++i) {
    if (operations[i].transfer != nullptr) operations[i].over.WaitForCertain();
    if (first.ok()) first = transfers[i].status;
    if (arrived && transfers[i].status.ok()) arrived(transfers[i]);
  }
  return first;
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
