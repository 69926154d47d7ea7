// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A second descriptor of the same file has O_DIRECT. The kernel keeps the page
// cache and what goes past it in step, page by page.

#include "parking_io.h"

#include <chimaera/sched/coevent.h>
#include <fcntl.h>

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

bool IsAligned(u64 offset, const char* data, u64 length) {
  return ((offset | reinterpret_cast<u64>(data) | length) % kPageSize) == 0;
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

FileTransfer ParkingIo::Describe(bool is_read, u64 offset, char* data,
                                 u64 length) const {
  const bool past_cache = direct() && IsAligned(offset, data, length);
  FileTransfer transfer;
  transfer.op = is_read ? FileOp::kRead : FileOp::kWrite;
  transfer.fd = past_cache ? direct_fd_.get() : fd_;
  transfer.offset = offset;
  transfer.data = data;
  transfer.length = length;
  transfer.cached = !past_cache;
  return transfer;
}

Status ParkingIo::Transfer(bool is_read, u64 offset, char* data, u64 length) {
  FileTransfer transfer = Describe(is_read, offset, data, length);
  return chi::TransferFiles(&transfer, 1).WithContext(path_);
}

void ParkingIo::TransferAll(bool is_read, IoPiece* pieces, std::size_t count) {
  std::vector<FileTransfer> transfers;
  transfers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const IoPiece& piece = pieces[i];
    transfers.push_back(
        Describe(is_read, piece.offset, piece.data, piece.length));
  }
  // Each has its own status.
  static_cast<void>(chi::TransferFiles(transfers.data(), count));
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i].done = transfers[i].done;
    pieces[i].status = transfers[i].status.WithContext(path_);
  }
}

void ParkingIo::ReadAll(IoPiece* pieces, std::size_t count) {
  TransferAll(true, pieces, count);
}

void ParkingIo::WriteAll(IoPiece* pieces, std::size_t count) {
  TransferAll(false, pieces, count);
}

Status ParkingIo::Read(u64 offset, void* to, u64 length) {
  return Transfer(true, offset, static_cast<char*>(to), length);
}

Status ParkingIo::Write(u64 offset, const void* from, u64 length) {
  // It is only read from.
  char* const data = const_cast<char*>(static_cast<const char*>(from));
  return Transfer(false, offset, data, length);
}

Status ParkingIo::Sync() {
  FileTransfer transfer;
  transfer.op = FileOp::kSync;
  transfer.fd = fd_;
  return chi::TransferFiles(&transfer, 1).WithContext(path_);
}

std::shared_ptr<Event> ParkingEvents::MakeEvent() {
  return std::make_shared<ParkingEvent>();
}

}  // namespace chimaera::bdev
