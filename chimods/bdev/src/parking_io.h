// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Block I/O that parks the calling method; see sched/file_io.h.

#ifndef CHIMAERA_BDEV_PARKING_IO_H_
#define CHIMAERA_BDEV_PARKING_IO_H_

#include <chimaera/sched/file_io.h>

#include <memory>
#include <string>
#include <utility>

#include "chimaera/base/unique_fd.h"
#include "format/block_io.h"
#include "format/event.h"
#include "format/posix_io.h"

namespace chimaera::bdev {

class ParkingIo final : public BlockIo {
 public:
  /// `fd` stays the caller's and outlives it. `direct`: past the page cache
  /// wherever address, offset and length are multiples of a page; not if the
  /// file system refuses.
  ParkingIo(int fd, std::string path, chi::u64 size, bool direct);

  [[nodiscard]] chi::u64 size() const override { return size_; }
  [[nodiscard]] bool direct() const override { return direct_fd_.get() >= 0; }
  chi::Status Read(chi::u64 offset, void* to, chi::u64 length) override;
  chi::Status ReadParts(chi::u64 offset, void* to, chi::u64 length,
                        const Arrived& arrived) override;
  chi::Status Write(chi::u64 offset, const void* from,
                    chi::u64 length) override;
  void ReadAll(IoPiece* pieces, std::size_t count) override;
  void WriteAll(IoPiece* pieces, std::size_t count) override;
  chi::Status Sync() override;
  void BeginSync() override;

 private:
  chi::FileTransfer Describe(chi::FileOp op, chi::u64 offset, char* data,
                             chi::u64 length) const;
  void TransferAll(chi::FileOp op, IoPiece* pieces, std::size_t count);

  const int fd_;
  const std::string path_;
  const chi::u64 size_;
  chi::UniqueFd direct_fd_;
};

/// The system's, of which those that sync park the calling method.
const FileCalls& ParkingCalls();

/// Of events for which methods park and threads sleep.
class ParkingEvents final : public EventFactory {
 public:
  [[nodiscard]] std::shared_ptr<Event> MakeEvent() override;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_PARKING_IO_H_
