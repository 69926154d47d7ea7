// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Segments as sealed memfds. Linux only.

#include "chimaera/shm/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <string>

#include "chimaera/base/format.h"

namespace chi {

namespace {

constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;
// The kernel refuses names over 249 bytes.
constexpr std::size_t kMaxNameBytes = 200;
// Left to the rest of the machine.
constexpr u64 kReserveBytes = 64 * kMiB;

Status OutOfMemory(std::string_view name, u64 size, std::string_view why) {
  return Status::NoMemory(Format("segment {}: {} bytes: {}", name, size, why));
}

// What the kernel thinks it can give without swapping; the largest number if it
// does not say.
u64 AvailableBytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  u64 kib = 0;
  std::string unit;
  while (file >> key >> kib) {
    if (key == "MemAvailable:") {
      return kib * kKiB;
    }
    std::getline(file, unit);
  }
  return std::numeric_limits<u64>::max();
}

// Takes the memory for real. A memfd has no size limit of its own: asked for
// more than there is, the kernel would end some process to get it, perhaps us.
// So look before each step whether the rest will fit.
Status AllocateAll(int fd, std::string_view name, u64 size) {
  for (u64 offset = 0; offset < size;) {
    const u64 available = AvailableBytes();
    if (available < size - offset + kReserveBytes) {
      return OutOfMemory(name, size,
                         Format("the machine has {} left", available));
    }
    const u64 step = std::min(Segment::kAllocationStepBytes, size - offset);
    const int error = ::posix_fallocate(fd, static_cast<off_t>(offset),
                                        static_cast<off_t>(step));
    if (error == EINTR) {
      continue;
    }
    if (error == ENOSPC || error == ENOMEM || error == EFBIG) {
      return OutOfMemory(name, size, Format("the system gave {}", offset));
    }
    if (error != 0) {
      return Status::FromErrno(error, Format("segment {}", name));
    }
    offset += step;
  }
  return Status::Ok();
}

Result<char*> MapFd(int fd, u64 size, Access access) {
  const int protection =
      access == Access::kReadWrite ? PROT_READ | PROT_WRITE : PROT_READ;
  void* address = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  if (address != MAP_FAILED) {
    return static_cast<char*>(address);
  }
  const int error = errno;
  if (error == ENOMEM || error == EAGAIN) {
    return Status::NoMemory(Format("mapping a segment of {} bytes", size));
  }
  if (error == EPERM || error == EACCES) {
    return Status::PermissionDenied("segment is read-only for this process");
  }
  return Status::FromErrno(error,
                           Format("mapping a segment of {} bytes", size));
}

}  // namespace

Result<Segment> Segment::Create(std::string_view debug_name, u64 size_bytes,
                                SegmentSeal seal) {
  if (size_bytes == 0) {
    return Status::BadRequest(Format("segment {}: 0 bytes", debug_name));
  }
  if (size_bytes > static_cast<u64>(std::numeric_limits<off_t>::max())) {
    return OutOfMemory(debug_name, size_bytes, "more than a file can have");
  }
  const std::string name =
      "chimaera-" + std::string(debug_name.substr(0, kMaxNameBytes));
  UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) {
    return Status::FromErrno(errno, Format("memfd_create of {}", name));
  }
  CHI_RETURN_IF_ERROR(AllocateAll(fd.get(), debug_name, size_bytes));
  CHI_ASSIGN_OR_RETURN(char* data,
                       MapFd(fd.get(), size_bytes, Access::kReadWrite));
  Segment segment(std::move(fd), data, size_bytes);

  // After mapping: F_SEAL_FUTURE_WRITE leaves our mapping writable, and none
  // made later. F_SEAL_SEAL makes the list itself final.
  int seals = kSizeSeals | F_SEAL_SEAL;
  if (seal == SegmentSeal::kReadOnlyForOthers) {
    seals |= F_SEAL_FUTURE_WRITE;
  }
  if (::fcntl(segment.fd(), F_ADD_SEALS, seals) != 0) {
    return Status::FromErrno(errno, Format("sealing {}", name));
  }
  return segment;
}

Result<Segment> Segment::Map(UniqueFd fd, u64 expected_size, Access access) {
  // Fails for everything that is not a memfd (or a file of tmpfs, which then
  // has no seals): a regular file can be truncated, one of FUSE can block.
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSizeSeals) != kSizeSeals) {
    return Status::ProtocolViolation(
        "segment is not sealed against a change of size");
  }
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) {
    return Status::FromErrno(errno, "segment size");
  }
  const u64 size = static_cast<u64>(info.st_size);
  if (size != expected_size || size == 0) {
    return Status::ProtocolViolation(
        Format("segment of {} bytes instead of {}", size, expected_size));
  }
  CHI_ASSIGN_OR_RETURN(char* data, MapFd(fd.get(), size, access));
  return Segment(std::move(fd), data, size);
}

Segment::Segment(Segment&& other) noexcept
    : fd_(std::move(other.fd_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Segment& Segment::operator=(Segment&& other) noexcept {
  if (this != &other) {
    Unmap();
    fd_ = std::move(other.fd_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Segment::~Segment() { Unmap(); }

bool Segment::PunchHole(u64 offset, u64 size_bytes) {
  if (size_bytes == 0 || size_bytes > size_ || offset > size_ - size_bytes) {
    return false;
  }
  return ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     static_cast<off_t>(offset),
                     static_cast<off_t>(size_bytes)) == 0;
}

void Segment::Unmap() {
  if (data_ != nullptr) {
    ::munmap(data_, size_);
    data_ = nullptr;
  }
}

}  // namespace chi
