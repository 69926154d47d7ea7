// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reading and writing files without holding a worker: the kernel works while
// the method is parked. Each worker has a ring of io_uring, made at its first
// transfer; what its methods ask for goes to the kernel by a few at a time, and
// at the latest once per turn of its loop. Where the kernel refuses rings, a
// few threads do the transfers.

#ifndef CHIMAERA_SCHED_FILE_IO_H_
#define CHIMAERA_SCHED_FILE_IO_H_

#include <cstddef>
#include <functional>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chi {

/// Frozen: traces hold its numbers, src/chimaera/trace_records.py its names.
enum class FileOp : u8 {
  kRead,
  kWrite,
  kSync,  ///< fdatasync or fsync; offset, data and length mean nothing.
  /// The kernel begins to write what the page cache has of the file, all of it.
  /// Promises nothing, and leaves errors of writing to the next kSync.
  kBeginSync,
};

/// One piece of an open file, and the memory it goes to or comes from.
struct FileTransfer {
  FileOp op = FileOp::kRead;
  int fd = -1;
  u64 offset = 0;  ///< In the file, in bytes.
  char* data = nullptr;
  u64 length = 0;
  /// The descriptor goes by way of the page cache. What lies there is read at
  /// once, and writes go there at once, in pieces between which others run:
  /// that is faster than any ring.
  bool cached = false;
  /// Of kSync: fsync, as a directory needs it.
  bool with_metadata = false;

  u64 done = 0;   ///< Bytes transferred; also after an error.
  Status status;  ///< kIo or kNoSpace, naming the offset; kOk if all of it.
};

/// Does all `count` transfers, in no order, and returns the first error of the
/// list. Short transfers, EINTR and EAGAIN are gone on with; the end of the
/// file before `length` is kIo. Returns only when the kernel is done with every
/// buffer, so that a cancelled task, too, waits for it. In a method it parks;
/// any other thread blocks. `arrived`, if there is one, is called by the caller
/// with each transfer that succeeded, in the order of the list, when it and
/// those before it are over and while others may be under way. It must not
/// throw.
using Arrived = std::function<void(const FileTransfer&)>;
Status TransferFiles(FileTransfer* transfers, std::size_t count,
                     const Arrived& arrived = nullptr);

/// Who does transfers that have to wait.
enum class FileEngine : u8 { kRing, kThreads };

/// What methods get now: kRing unless the kernel refuses it, or the environment
/// says CHI_FILE_ENGINE=threads.
FileEngine CurrentFileEngine();
/// "io_uring" or "threads".
const char* FileEngineName(FileEngine engine);

}  // namespace chi

#endif  // CHIMAERA_SCHED_FILE_IO_H_
