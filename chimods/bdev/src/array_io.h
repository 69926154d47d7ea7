// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Boxes of stored arrays to and from memory: several tasks are under way at a
// time, each with a buffer of shared memory for one or more chunks.

#ifndef CHIMAERA_BDEV_SRC_ARRAY_IO_H_
#define CHIMAERA_BDEV_SRC_ARRAY_IO_H_

#include <chimaera/bdev/bdev_client.h>
#include <chimaera/chimaera.h>

#include <string>
#include <utility>
#include <vector>

#include "array_format.h"
#include "array_parts.h"
#include "chimaera/base/clock.h"

namespace chimaera::bdev {

/// When a call that waits several times has to be over.
class Deadline {
 public:
  explicit Deadline(chi::u64 timeout_ns)
      : at_ns_(chi::DeadlineNs(chi::SystemClock::Get().NowNs(), timeout_ns)) {}
  chi::u64 LeftNs() const {
    const chi::u64 now_ns = chi::SystemClock::Get().NowNs();
    return at_ns_ > now_ns ? at_ns_ - now_ns : 0;
  }

 private:
  const chi::u64 at_ns_;
};

/// How long a task that was cancelled may take to end.
inline constexpr chi::u64 kEndNs = chi::kNsPerSec;

/// Waits; after the deadline the task is cancelled, and has a last moment,
/// since it may have taken what has to be given back. Not done then: it is
/// stuck.
template <class TaskT>
chi::Status GetOrCancel(chi::Future<TaskT>& future, const Deadline& deadline) {
  chi::Status status = future.Get(deadline.LeftNs());
  if (future.IsDone()) return status;
  future.Cancel();
  const chi::Status late = future.Get(kEndNs);
  return late.ok() ? late : status;
}

/// Memory that this process and the runtime see; freed at its end.
class SharedBuffer {
 public:
  SharedBuffer() = default;
  /// IsNull() if there is no room.
  explicit SharedBuffer(chi::u64 size)
      : buffer_(CHI_IPC->AllocateBuffer(size)) {}
  ~SharedBuffer() {
    if (!IsNull()) CHI_IPC->FreeBuffer(buffer_);
  }
  SharedBuffer(SharedBuffer&& other) noexcept
      : buffer_(std::exchange(other.buffer_, {})) {}
  SharedBuffer& operator=(SharedBuffer&& other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }

  bool IsNull() const { return buffer_.IsNull(); }
  char* data() const { return buffer_.ptr_; }
  hipc::Pointer place() const { return buffer_.shm_; }
  /// Keeps it for good: a task that is stuck may still use it.
  void Leave() { buffer_ = {}; }

 private:
  hipc::FullPtr<char> buffer_;
};

/// Objects that are arrays; as in Python.
inline constexpr const char* kArrayPrefix = "array/";

/// A name that this client has for itself, so that writers come one by one.
class BorrowedName {
 public:
  BorrowedName(Client device, std::string name)
      : device_(std::move(device)), name_(std::move(name)) {}
  /// Waits: who asks next, without waiting, must not be refused.
  ~BorrowedName();
  BorrowedName(const BorrowedName&) = delete;
  BorrowedName& operator=(const BorrowedName&) = delete;

  /// kDeadlineExceeded: somebody else has it.
  chi::Status Take(const Deadline& deadline);
  const std::string& name() const { return name_; }
  chi::u64 loan() const { return loan_; }

 private:
  Client device_;
  const std::string name_;
  chi::u64 loan_ = 0;
};

/// New blocks for chunks, this client's until they are kept.
class NewChunks {
 public:
  explicit NewChunks(Client device) : device_(std::move(device)) {}
  ~NewChunks();
  NewChunks(const NewChunks&) = delete;
  NewChunks& operator=(const NewChunks&) = delete;

  /// kNoSpace: there are not so many.
  chi::Status Allocate(chi::u64 count, chi::u64 size, const Deadline& deadline);
  const Block& operator[](chi::u64 index) const { return blocks_[index]; }
  /// They are somebody else's from now on.
  void Keep() { blocks_.clear(); }

 private:
  Client device_;
  std::vector<Block> blocks_;
};

/// The caller's elements of a box.
template <class Bytes>
struct Elements {
  Bytes* data = nullptr;
  Strides strides;
  hipc::Pointer place;  ///< If the runtime sees them, too.
};

/// Where the elements of a box lie in `size` bytes, dense if there are no
/// `strides`. kBadRequest: the box leaves the array, or the bytes.
chi::Result<Strides> CheckMemory(const ArrayLayout& layout, const Box& box,
                                 chi::u64 size, const Strides& strides);

/// kStale: the array was changed meanwhile. After an error any part may have
/// been read.
chi::Status ReadBox(Client& device, const StoredArray& stored, const Box& box,
                    const Elements<char>& to, const Deadline& deadline);

/// Writes all chunks that have something of the box into new blocks, and puts
/// them into `stored`. They go when `made` does, unless they are kept.
chi::Status WriteBox(Client& device, StoredArray* stored, const Box& box,
                     const Elements<const char>& from, const Deadline& deadline,
                     NewChunks* made);

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_SRC_ARRAY_IO_H_
