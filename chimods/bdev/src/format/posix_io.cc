// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// System calls repeated until everything is transferred. A call that transfers
// nothing, or is interrupted, this many times in a row is an error.

#include "format/posix_io.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "chimaera/base/format.h"

namespace chimaera::bdev {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u64;

namespace {

constexpr int kMaxVain = 1000;

// What the kernel takes at once (man 2 write).
constexpr u64 kMaxTransfer = 0x7ffff000;

}  // namespace

const FileCalls& FileCalls::System() {
  static constexpr FileCalls kCalls = {::pread, ::pwrite, ::fdatasync, ::fsync};
  return kCalls;
}

Result<std::unique_ptr<PosixIo>> PosixIo::Make(int fd, std::string name,
                                               const FileCalls& calls) {
  struct stat about = {};
  if (::fstat(fd, &about) != 0) return Status::FromErrno(errno, name);
  const u64 size = static_cast<u64>(about.st_size);
  return std::unique_ptr<PosixIo>(
      new PosixIo(fd, std::move(name), size, calls));
}

Status PosixIo::Failed(const char* what, u64 offset, int error) const {
  const std::string where = Format("{} {} at {}", what, name_, offset);
  if (error == 0) {
    return Status::Io(Format("{}: nothing is transferred", where));
  }
  Status status = Status::FromErrno(error, where);
  if (error != ENOSPC && error != EDQUOT) return status;
  return Status::NoSpace(std::string(status.message()));
}

Status PosixIo::Read(u64 offset, void* to, u64 length) {
  char* at = static_cast<char*>(to);
  int vain = 0;
  while (length > 0) {
    const ssize_t got = calls_.pread(fd_, at, std::min(length, kMaxTransfer),
                                     static_cast<off_t>(offset));
    if (got > 0) {
      vain = 0;
      at += got;
      offset += static_cast<u64>(got);
      length -= static_cast<u64>(got);
      continue;
    }
    const int error = got == 0 ? 0 : errno;
    const bool again = error == EINTR || error == EAGAIN;
    if (!again || ++vain == kMaxVain) return Failed("read", offset, error);
  }
  return Status();
}

Status PosixIo::Write(u64 offset, const void* from, u64 length) {
  const char* at = static_cast<const char*>(from);
  int vain = 0;
  while (length > 0) {
    const ssize_t put = calls_.pwrite(fd_, at, std::min(length, kMaxTransfer),
                                      static_cast<off_t>(offset));
    if (put > 0) {
      vain = 0;
      at += put;
      offset += static_cast<u64>(put);
      length -= static_cast<u64>(put);
      continue;
    }
    const int error = put == 0 ? 0 : errno;
    const bool again = put == 0 || error == EINTR || error == EAGAIN;
    if (!again || ++vain == kMaxVain) return Failed("write", offset, error);
  }
  return Status();
}

// Not even repeated after EINTR: whether what it had begun is lost is not
// known.
Status PosixIo::Sync() {
  if (calls_.fdatasync(fd_) == 0) return Status();
  return Status::FromErrno(errno, Format("fdatasync {}", name_));
}

}  // namespace chimaera::bdev
