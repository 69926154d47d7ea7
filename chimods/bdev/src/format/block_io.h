// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Interface: the bytes of a block file as its metadata sees them. Offsets count
// from the start of the file. Implementations may park the calling fiber, and
// bring short transfers, EINTR and deadlines to an end by themselves: what
// comes back is all of it, or an error.

#ifndef CHIMAERA_BDEV_FORMAT_BLOCK_IO_H_
#define CHIMAERA_BDEV_FORMAT_BLOCK_IO_H_

#include <cstddef>
#include <functional>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// One of several ranges that are read or written at once.
struct IoPiece {
  chi::u64 offset = 0;
  char* data = nullptr;
  chi::u64 length = 0;

  chi::u64 done = 0;   ///< Bytes transferred, at least; also after an error.
  chi::Status status;  ///< As Read and Write.
};

/// Safe from any thread as far as ranges do not overlap.
class BlockIo {
 public:
  BlockIo() = default;
  BlockIo(const BlockIo&) = delete;
  BlockIo& operator=(const BlockIo&) = delete;
  virtual ~BlockIo() = default;

  /// Bytes of the file.
  [[nodiscard]] virtual chi::u64 size() const = 0;

  /// Whether it goes past the page cache where it can.
  [[nodiscard]] virtual bool direct() const { return false; }

  /// kIo, naming the offset, if not all of it could be read.
  virtual chi::Status Read(chi::u64 offset, void* to, chi::u64 length) = 0;

  /// Bytes [begin, end) behind `offset` are there.
  using Arrived = std::function<void(chi::u64 begin, chi::u64 end)>;
  /// Read that calls `arrived` with one part after the other, as it comes;
  /// whole pages, but for the last. It may do so before an error, too.
  virtual chi::Status ReadParts(chi::u64 offset, void* to, chi::u64 length,
                                const Arrived& arrived) {
    CHI_RETURN_IF_ERROR(Read(offset, to, length));
    arrived(0, length);
    return chi::Status();
  }

  /// What is written is in the page cache or the queue of the device: it
  /// survives the end of the process, not that of power. After an error (kIo,
  /// kNoSpace) any part of it may have been written.
  virtual chi::Status Write(chi::u64 offset, const void* from,
                            chi::u64 length) = 0;

  /// Does all pieces, at once where it can, whatever becomes of single ones.
  virtual void ReadAll(IoPiece* pieces, std::size_t count) {
    for (IoPiece* piece = pieces; piece != pieces + count; ++piece) {
      piece->status = Read(piece->offset, piece->data, piece->length);
    }
  }
  virtual void WriteAll(IoPiece* pieces, std::size_t count) {
    for (IoPiece* piece = pieces; piece != pieces + count; ++piece) {
      piece->status = Write(piece->offset, piece->data, piece->length);
    }
  }

  /// Returns when everything that was written before the call survives a power
  /// cut. After an error nobody knows what does; a second call that succeeds
  /// proves nothing, since the kernel may have dropped what it could not write.
  virtual chi::Status Sync() = 0;

  /// Begins what a Sync would have to wait for, where that is of use. Promises
  /// nothing; errors are met again by Sync.
  virtual void BeginSync() {}
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_BLOCK_IO_H_
