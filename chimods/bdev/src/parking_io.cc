// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A second descriptor of the same file has O_DIRECT. The kernel keeps the page
// cache and what goes past it in step, page by page.

#include "parking_io.h"

#include <chimaera/sched/coevent.h>
#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "format/layout.h"

namespace chimaera::bdev {
namespace {

using chi::FileOp;
using chi::FileTransfer;
using chi::Status;
using chi::u64;

// Of ReadParts: enough for a device, and little beside what else is done.
constexpr u64 kPartBytes = 256 * chi::kKiB;
constexpr u64 kMaxParts = 16;

bool IsAligned(u64 offset, const char* data, u64 length) {
  return ((offset | reinterpret_cast<u64>(data) | length) % kPageSize) == 0;
}

// As fsync or fdatasync.
int SyncParked(int fd, bool with_metadata) {
  FileTransfer transfer;
  transfer.op = FileOp::kSync;
  transfer.fd = fd;
  transfer.with_metadata = with_metadata;
  const Status status = chi::TransferFiles(&transfer, 1);
  if (status.ok()) return 0;
  errno = status.code() == chi::StatusCode::kNoSpace ? ENOSPC : EIO;
  return -1;
}

class ParkingEvent final : public Event {
 public:
  void Wait() override { event_.WaitForCertain(); }
  void Set() override { event_.Set(); }

 private:
  chi::CoEvent event_;
};

}  // namespace

ParkingIo::ParkingIo(int fd, std::string path, u64 size, bool direct)
    : fd_(fd), path_(std::move(path)), size_(size) {
  if (!direct) return;
  const std::string name = chi::Format("/proc/self/fd/{}", fd);
  direct_fd_ = chi::UniqueFd(open(name.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC));
  if (direct_fd_.get() < 0) {
    CHI_LOG(kWarning, "{}: no direct I/O here, the page cache is used", path_);
  }
}

FileTransfer ParkingIo::Describe(FileOp op, u64 offset, char* data,
                                 u64 length) const {
  const bool past_cache = direct() && IsAligned(offset, data, length);
  FileTransfer transfer;
  transfer.op = op;
  transfer.fd = past_cache ? direct_fd_.get() : fd_;
  transfer.offset = offset;
  transfer.data = data;
  transfer.length = length;
  transfer.cached = !past_cache;
  return transfer;
}

void ParkingIo::TransferAll(FileOp op, IoPiece* pieces, std::size_t count) {
  std::vector<FileTransfer> transfers;
  transfers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const IoPiece& piece = pieces[i];
    transfers.push_back(Describe(op, piece.offset, piece.data, piece.length));
  }
  // Each has its own status.
  static_cast<void>(chi::TransferFiles(transfers.data(), count));
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i].done = transfers[i].done;
    pieces[i].status = transfers[i].status.WithContext(path_);
  }
}

void ParkingIo::ReadAll(IoPiece* pieces, std::size_t count) {
  TransferAll(FileOp::kRead, pieces, count);
}

void ParkingIo::WriteAll(IoPiece* pieces, std::size_t count) {
  TransferAll(FileOp::kWrite, pieces, count);
}

Status ParkingIo::Read(u64 offset, void* to, u64 length) {
  FileTransfer transfer =
      Describe(FileOp::kRead, offset, static_cast<char*>(to), length);
  return chi::TransferFiles(&transfer, 1).WithContext(path_);
}

Status ParkingIo::ReadParts(u64 offset, void* to, u64 length,
                            const Arrived& arrived) {
  if (length <= kPartBytes) {
    return BlockIo::ReadParts(offset, to, length, arrived);
  }
  std::array<FileTransfer, kMaxParts> parts;
  const u64 size = std::max(kPartBytes, RoundUpToPage(length / kMaxParts + 1));
  std::size_t count = 0;
  for (u64 begin = 0; begin < length; begin += size) {
    parts[count++] =
        Describe(FileOp::kRead, offset + begin, static_cast<char*>(to) + begin,
                 std::min(size, length - begin));
  }
  const auto tell = [&](const FileTransfer& part) {
    const u64 begin = part.offset - offset;
    arrived(begin, begin + part.length);
  };
  return chi::TransferFiles(parts.data(), count, std::ref(tell))
      .WithContext(path_);
}

Status ParkingIo::Write(u64 offset, const void* from, u64 length) {
  // It is only read from.
  char* const data = const_cast<char*>(static_cast<const char*>(from));
  FileTransfer transfer = Describe(FileOp::kWrite, offset, data, length);
  return chi::TransferFiles(&transfer, 1).WithContext(path_);
}

Status ParkingIo::Sync() {
  FileTransfer transfer;
  transfer.op = FileOp::kSync;
  transfer.fd = fd_;
  return chi::TransferFiles(&transfer, 1).WithContext(path_);
}

void ParkingIo::BeginSync() {
  FileTransfer transfer;
  transfer.op = FileOp::kBeginSync;
  transfer.fd = fd_;
  static_cast<void>(chi::TransferFiles(&transfer, 1));
}

const FileCalls& ParkingCalls() {
  static const FileCalls calls = [] {
    FileCalls parking = FileCalls::System();
    parking.fdatasync = [](int fd) { return SyncParked(fd, false); };
    parking.fsync = [](int fd) { return SyncParked(fd, true); };
    return parking;
  }();
  return calls;
}

std::shared_ptr<Event> ParkingEvents::MakeEvent() {
  return std::make_shared<ParkingEvent>();
}

}  // namespace chimaera::bdev
