// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Block I/O by plain system calls, which block the thread: for creating and
// checking files, and where io_uring is refused.

#ifndef CHIMAERA_BDEV_FORMAT_POSIX_IO_H_
#define CHIMAERA_BDEV_FORMAT_POSIX_IO_H_

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "chimaera/base/result.h"
#include "format/block_io.h"

namespace chimaera::bdev {

/// The system calls that can fail in interesting ways; tests replace them.
struct FileCalls {
  ssize_t (*pread)(int fd, void* to, std::size_t length, off_t offset);
  ssize_t (*pwrite)(int fd, const void* from, std::size_t length, off_t offset);
  int (*fdatasync)(int fd);
  int (*fsync)(int fd);

  /// The real ones.
  [[nodiscard]] static const FileCalls& System();
};

class PosixIo final : public BlockIo {
 public:
  /// `fd` stays the caller's and outlives it, as `calls` does; `name` is for
  /// messages. kIo if the size of the file cannot be learnt.
  static chi::Result<std::unique_ptr<PosixIo>> Make(
      int fd, std::string name, const FileCalls& calls = FileCalls::System());

  [[nodiscard]] chi::u64 size() const override { return size_; }
  chi::Status Read(chi::u64 offset, void* to, chi::u64 length) override;
  chi::Status Write(chi::u64 offset, const void* from,
                    chi::u64 length) override;
  chi::Status Sync() override;

 private:
  PosixIo(int fd, std::string name, chi::u64 size, const FileCalls& calls)
      : fd_(fd), name_(std::move(name)), size_(size), calls_(calls) {}
  chi::Status Failed(const char* what, chi::u64 offset, int error) const;

  const int fd_;
  const std::string name_;
  const chi::u64 size_;
  const FileCalls& calls_;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_POSIX_IO_H_
