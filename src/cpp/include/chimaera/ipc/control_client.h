// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A client's connection to the runtime of this node: who the runtime is, the
// segments it handed out, and the few requests that are not tasks.
//
// Fork: the child of a fork gets kForked from every request and may go on
// reading the memory. It sends nothing on the parent's socket, and destroying
// its copy closes its own descriptors and mappings only.

#ifndef CHIMAERA_IPC_CONTROL_CLIENT_H_
#define CHIMAERA_IPC_CONTROL_CLIENT_H_

#include <sys/types.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/ipc/control.h"
#include "chimaera/ipc/id_table.h"
#include "chimaera/shm/offset_ptr.h"
#include "chimaera/shm/segment.h"

namespace chi {

/// One segment that this client allocates in.
struct OwnedSegment {
  u16 id = 0;
  char* base = nullptr;
  u64 size = 0;
};

/// Safe from any thread. Requests go one at a time and are bounded.
class ControlClient {
 public:
  /// Bound of every request after Connect.
  static constexpr u64 kRequestTimeoutNs = 10 * kNsPerSec;

  /// Meets the runtime that holds `runtime_dir` (see RuntimeDir::Locate).
  /// Returns kNoRuntime if nobody answers there, kVersionMismatch "have X want
  /// Y", kPermissionDenied, kOverloaded if the runtime admits nobody else now,
  /// kDeadlineExceeded, kProtocolViolation if what answers is no runtime.
  static Result<std::unique_ptr<ControlClient>> Connect(
      const std::string& runtime_dir, u64 timeout_ns = kRequestTimeoutNs);
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;
  /// Says goodbye and unmaps everything that nobody holds by mappings():
  /// other pointers into segments die here.
  ~ControlClient();

  /// One more segment of `bytes` (rounded up to pages) of kind kMain or
  /// kClientData. kOverloaded above the session's limits, kNoMemory.
  Result<OwnedSegment> Grow(SegmentKind kind, u64 bytes);

  /// Gives the runtime a ring that this process has initialised at `ring`, in
  /// one of its main segments. Returns the index of the worker that serves it.
  Result<u32> AttachRing(u32 priority, ShmPtr ring, u32 capacity, pid_t tid);

  /// The `size` bytes at `p`, or nullptr. Lock-free for own segments and for
  /// runtime-wide ones seen before; the first use of another one asks the
  /// runtime for it. Runtime-wide segments are mapped read-only: writing there
  /// is a SIGSEGV. Any numbers are allowed.
  [[nodiscard]] char* Resolve(ShmPtr p, u64 size) {
    const u32 index = u32{p.segment()} - 1;
    if (index < kMaxSessionSegments) {
      return own_[index].Locate(p.offset(), size);
    }
    const SegmentRow* row = shared_.Find(p.segment());
    char* at = row == nullptr ? nullptr : row->Locate(p.offset(), size);
    return at != nullptr ? at : ResolveSlow(p, size);
  }

  /// The same bytes of an own segment where they cannot be written: by a second
  /// mapping, made at the first call for a segment. Null for other segments,
  /// and if there is no room for the mapping.
  [[nodiscard]] const char* ResolveReadOnly(ShmPtr p, u64 size);

  /// Keeps every segment mapped, also those to come, for as long as it lives:
  /// for memory that outlives the connection, as Python's arrays do.
  [[nodiscard]] std::shared_ptr<const void> mappings() const {
    return segments_;
  }

  /// From kMainHeapOffset on it is the client's to allocate in.
  [[nodiscard]] OwnedSegment main_segment() const { return Own(kMainSegment); }
  [[nodiscard]] OwnedSegment client_data_segment() const {
    return Own(kClientDataSegment);
  }
  /// Where the ring for returning results lies: kReturnRingSlots slots.
  [[nodiscard]] char* return_ring() const {
    return main_segment().base + kReturnRingOffset;
  }

  [[nodiscard]] const ControlPage& page() const {
    return *reinterpret_cast<const ControlPage*>(page_.data());
  }
  [[nodiscard]] Incarnation incarnation() const { return welcome_.incarnation; }
  [[nodiscard]] u64 session_id() const { return welcome_.session_id; }
  [[nodiscard]] const SessionLimits& limits() const { return welcome_.limits; }
  [[nodiscard]] u32 num_workers() const { return welcome_.num_workers; }
  [[nodiscard]] const std::string& runtime_dir() const { return runtime_dir_; }

  /// Written to wake `worker`: non-blocking, EAGAIN means it is awake already.
  /// REQUIRES: worker < num_workers().
  [[nodiscard]] int worker_eventfd(u32 worker) const;

  /// OK, or kForked in the child of a fork, or kRuntimeDied.
  [[nodiscard]] Status Check() const;

  /// The same, and kStale or the reason if the runtime has ended this session.
  /// One system call: for a waiter's slices, not for every task.
  [[nodiscard]] Status CheckSession() const;

  /// True in the child of a fork made after Connect.
  [[nodiscard]] bool forked() const;

 private:
  struct Answer;
  ControlClient(std::string runtime_dir, UniqueFd socket, Segment page,
                const Welcome& welcome, std::vector<UniqueFd> eventfds);

  static Result<std::unique_ptr<ControlClient>> FromWelcome(
      const std::string& runtime_dir, UniqueFd socket, const Welcome& welcome,
      std::vector<UniqueFd> fds);
  OwnedSegment Own(u16 id) const;
  Status AddOwn(u16 id, UniqueFd fd, u64 size) CHI_REQUIRES(mu_);
  Status AddShared(u16 id, UniqueFd fd, u64 size) CHI_REQUIRES(mu_);
  char* ResolveSlow(ShmPtr p, u64 size);
  template <typename Request>
  Result<Answer> Ask(Request request) CHI_REQUIRES(mu_);
  Result<Answer> ReceiveAnswer(u32 sequence, u64 deadline_ns) CHI_REQUIRES(mu_);

  // Constant after construction.
  const std::string runtime_dir_;
  const u32 fork_generation_;
  const UniqueFd socket_;
  const Segment page_;
  const Welcome welcome_;
  const std::vector<UniqueFd> eventfds_;

  // Read by any thread; a row is published once, under mu_, and stays.
  std::array<SegmentRow, kMaxSessionSegments> own_;
  std::array<SegmentRow, kMaxSessionSegments> own_read_only_;
  IdTable shared_;

  Mutex mu_;  // held during a request: one at a time on the socket
  u32 next_sequence_ CHI_GUARDED_BY(mu_) = 1;
  // The vector is guarded by mu_; the pointer never changes.
  const std::shared_ptr<std::vector<Segment>> segments_ =
      std::make_shared<std::vector<Segment>>();
};

}  // namespace chi

#endif  // CHIMAERA_IPC_CONTROL_CLIENT_H_
