// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The runtime's view of one client: who it is, which memory it may name, what
// it has been handed, and whether it is to be thrown out. Identity is the
// session's number and the pidfd behind it, never a process id.
//
// Workers hold a session by shared_ptr. The last one to let go hands it to the
// memory thread of the control server, which unmaps its segments; a worker
// never does, since unmapping 1 GiB takes about 0.1 s.

#ifndef CHIMAERA_IPC_SESSION_H_
#define CHIMAERA_IPC_SESSION_H_

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "chimaera/base/latency_histogram.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/ipc/control.h"
#include "chimaera/ipc/runtime_data.h"
#include "chimaera/ipc/runtime_segments.h"
#include "chimaera/shm/offset_ptr.h"
#include "chimaera/shm/return_ring.h"
#include "chimaera/shm/segment.h"

namespace chi {

/// What all sessions of a runtime draw from. Sessions share its ownership.
struct SessionCommons {
  RuntimeSegments segments;
  std::unique_ptr<RuntimeData> data;  ///< Never null once the server runs.
};

/// Safe from any thread, except where a method names its caller.
class Session {
 public:
  struct Identity {
    u64 id = 0;
    pid_t pid = 0;
    uid_t uid = 0;
  };
  /// Called once, by the first Violation, from whichever thread found it.
  using CutOffRequest = std::function<void(u64 session_id)>;

  /// Makes both segments and the eventfds. `commons` keeps living with the
  /// session. Takes about 0.4 ms per MiB of segments.
  static Result<std::unique_ptr<Session>> Create(
      const Identity& identity, const SessionLimits& limits, u64 main_bytes,
      u64 client_data_bytes, u32 num_workers,
      std::shared_ptr<SessionCommons> commons, CutOffRequest cut_off);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  /// Gives all results back and unmaps the segments.
  ~Session();

  /// Never used again in this incarnation, never 0.
  [[nodiscard]] u64 id() const { return identity_.id; }
  /// For messages only: the number may belong to someone else by now.
  [[nodiscard]] pid_t pid() const { return identity_.pid; }
  [[nodiscard]] uid_t uid() const { return identity_.uid; }
  [[nodiscard]] const SessionLimits& limits() const { return limits_; }

  // ---- memory: the one place where a client's pointer becomes an address ----

  /// The `size` bytes at `p`, in a segment of this session or in a runtime-wide
  /// one; nullptr if `p` is null, private, unknown or not all inside. Any
  /// numbers are allowed. Valid as long as the session (own segments) or the
  /// registration (runtime-wide ones) lives.
  [[nodiscard]] char* Resolve(ShmPtr p, u64 size) const {
    char* own = ResolveWritable(p, size);
    return own != nullptr ? own : commons_->segments.Resolve(p, size);
  }

  /// Where the task at `p` lies in an own segment, and how many bytes lie
  /// there up to the segment's end. False if they are fewer than `least`, as
  /// above, or if the session is cut off.
  [[nodiscard]] bool ResolveTask(ShmPtr p, u32 least, char** where,
                                 u64* rest) const {
    const u32 index = u32{p.segment()} - 1;
    if (index >= num_task_segments_.load(std::memory_order_acquire)) {
      return false;
    }
    const OwnSegment& segment = table_[index];
    // Both are far below 2^63, so the difference is negative behind the end.
    const i64 left = static_cast<i64>(segment.size - p.offset());
    if (left < i64{least}) return false;
    *where = segment.base + p.offset();
    *rest = static_cast<u64>(left);
    return true;
  }

  /// The same for own segments only: where results may be written that the
  /// client asked for.
  [[nodiscard]] char* ResolveWritable(ShmPtr p, u64 size) const {
    // Segment 0 becomes a huge index. Acquire pairs with the release in
    // AddSegment: who sees the count sees the rows below it.
    const u32 index = u32{p.segment()} - 1;
    if (index >= num_segments_.load(std::memory_order_acquire)) return nullptr;
    const OwnSegment& segment = table_[index];
    if (size > segment.size || p.offset() > segment.size - size) return nullptr;
    return segment.base + p.offset();
  }

  /// Whether `address` lies in an own segment.
  [[nodiscard]] bool Owns(const void* address) const {
    const char* at = static_cast<const char*>(address);
    const u32 count = num_segments_.load(std::memory_order_acquire);
    for (u32 i = 0; i < count; ++i) {
      if (at >= table_[i].base && at < table_[i].base + table_[i].size) {
        return true;
      }
    }
    return false;
  }

  // ---- results ----

  /// Room for a result, in runtime data, entered in this session's ledger.
  /// Write to it through Resolve. First takes back what the client returned.
  /// Returns kOverloaded when the client holds too much, kNoMemory when
  /// runtime data is full, both with the numbers.
  Result<ShmPtr> AllocateResult(u64 bytes);

  /// Takes a result back that the client never saw, because its task failed.
  /// Returns kBadRequest if it is not in the ledger.
  Status FreeResult(ShmPtr p);

  /// Takes back what the client has returned so far.
  void DrainReturns();

  /// Bytes in the ledger.
  [[nodiscard]] u64 result_bytes() const;

  // ---- quota of tasks ----

  /// False, and nothing counted, when the session has as many tasks in flight
  /// as it may. Relaxed: the count orders nothing else.
  [[nodiscard]] bool BeginTask() {
    if (tasks_in_flight_.fetch_add(1, std::memory_order_relaxed) >=
        limits_.max_tasks_in_flight) {
      tasks_in_flight_.fetch_sub(1, std::memory_order_relaxed);
      return false;
    }
    return true;
  }
  /// Why BeginTask has said no: kOverloaded with client, number and limit.
  [[nodiscard]] Status TooManyTasks() const;
  void EndTask() { tasks_in_flight_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] u32 tasks_in_flight() const {
    return tasks_in_flight_.load(std::memory_order_relaxed);
  }

  // ---- statistics ----

  /// `taken` counts from now on what workers take from the ring at `ring`. To
  /// be called before the first item is taken, or by who takes it over.
  void TrackRing(const char* ring, const RingConsumer<>* taken);
  /// No more, unless somebody else has taken the ring over.
  void UntrackRing(const char* ring, const RingConsumer<>* taken);
  /// One item was no task.
  void CountOddItem() { odd_items_.fetch_add(1, std::memory_order_relaxed); }
  void CountFailure() { failed_.fetch_add(1, std::memory_order_relaxed); }
  /// A task of the client's ran so long, and stands for `weight` like it.
  void NoteRun(u64 time_ns, u64 weight) { runs_.Add(time_ns, weight); }
  [[nodiscard]] LatencyCounts runs() const { return runs_.Read(); }
  /// So many bytes of devices more, or less, are looked at by the client.
  void CountPinned(i64 bytes) {
    pinned_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  [[nodiscard]] u64 pinned_bytes() const {
    return static_cast<u64>(
        std::max<i64>(0, pinned_bytes_.load(std::memory_order_relaxed)));
  }
  /// Tasks that workers have taken from the client's rings; exact.
  [[nodiscard]] u64 tasks_taken() const;
  [[nodiscard]] u64 tasks_failed() const {
    return failed_.load(std::memory_order_relaxed);
  }

  // ---- the end ----

  /// The client has left or is thrown out: no worker begins anything for it
  /// any more. Called before the workers are told to let go (release), so that
  /// a worker that was told sees it (acquire).
  void MarkEnded() { ended_.store(true, std::memory_order_release); }
  [[nodiscard]] bool ended() const {
    return ended_.load(std::memory_order_acquire);
  }

  // ---- being thrown out ----

  /// The client did what no correct client does. The first call logs one line
  /// and asks the control server to close the session; later ones do nothing.
  void Violation(const Status& why);
  /// Workers stop taking tasks of a session that is cut off.
  [[nodiscard]] bool cut_off() const {
    return cut_off_.load(std::memory_order_acquire);
  }

  // ---- for the control server ----

  /// Makes one more own segment. Only one thread at a time: the memory thread.
  struct NewSegment {
    u16 id = 0;
    u64 size = 0;
    int fd = -1;  ///< The session's; valid as long as it lives.
  };
  Result<NewSegment> AddSegment(SegmentKind kind, u64 bytes);

  /// Checks a ring before anybody touches it: kBadRequest or kOverloaded with
  /// the number that is wrong, else counts it. The ring's first byte.
  Result<char*> AdmitRing(const AttachRingRequest& request);
  /// Takes an AdmitRing back, when no worker wanted the ring.
  void ForgetRing() { num_rings_.fetch_sub(1, std::memory_order_relaxed); }

  /// Descriptor of own segment `id`, -1 if there is none.
  [[nodiscard]] int segment_fd(u16 id) const;
  [[nodiscard]] u64 segment_size(u16 id) const;
  /// Bytes of all own segments.
  [[nodiscard]] u64 segment_bytes() const {
    return segment_bytes_.load(std::memory_order_relaxed);
  }
  /// Those of this kind.
  [[nodiscard]] u64 segment_bytes(SegmentKind kind) const;
  [[nodiscard]] u32 num_segments() const {
    return num_segments_.load(std::memory_order_acquire);
  }
  [[nodiscard]] u32 num_rings() const {
    return num_rings_.load(std::memory_order_relaxed);
  }

  /// The descriptor by which this client wakes `worker`. Never block on it: the
  /// client shares the open file and may clear O_NONBLOCK or empty it. Watch it
  /// with EPOLLIN | EPOLLET, which needs no read, or call TakeWakeups.
  /// REQUIRES: worker < the runtime's number of workers.
  [[nodiscard]] int worker_eventfd(u32 worker) const {
    CHI_CHECK(worker < eventfds_.size(), "worker {} of {}", worker,
              eventfds_.size());
    return eventfds_[worker].get();
  }
  /// Empties the eventfd without ever blocking.
  static void TakeWakeups(int eventfd);

 private:
  struct OwnSegment {
    char* base = nullptr;
    u64 size = 0;
    SegmentKind kind = SegmentKind::kMain;
  };

  Session(const Identity& identity, const SessionLimits& limits,
          std::shared_ptr<SessionCommons> commons, CutOffRequest cut_off,
          Segment main);
  u16 AppendSegment(SegmentKind kind, Segment segment);
  Status FreeResultLocked(ShmPtr p) CHI_REQUIRES(mu_);
  void DrainReturnsLocked() CHI_REQUIRES(mu_);

  // Constant after Create.
  const Identity identity_;
  const SessionLimits limits_;
  const std::shared_ptr<SessionCommons> commons_;
  const CutOffRequest request_cut_off_;
  std::vector<UniqueFd> eventfds_;

  // Append-only: a row is written before num_segments_ counts it, and never
  // again. Owned by the memory thread; read by all.
  std::array<OwnSegment, kMaxSessionSegments> table_;
  std::vector<Segment> segments_;  // of constant capacity
  std::atomic<u32> num_segments_{0};
  // The same for tasks: 0 once the session is cut off, so that a worker need
  // not ask for every task. Whoever changes one of the two looks at the other
  // afterwards (both seq_cst), so that the last store is 0.
  std::atomic<u32> num_task_segments_{0};
  std::atomic<u64> segment_bytes_{0};

  std::atomic<u32> num_rings_{0};
  std::atomic<u32> tasks_in_flight_{0};
  std::atomic<u64> odd_items_{0};
  std::atomic<u64> failed_{0};
  std::atomic<i64> pinned_bytes_{0};
  LazyLatencyHistogram runs_;
  std::atomic<bool> cut_off_{false};
  std::atomic<bool> ended_{false};

  mutable Mutex mu_;
  // The runtime's end of the ring by which the client returns results.
  ReturnRingConsumer returns_ CHI_GUARDED_BY(mu_);
  // Results the client holds: ShmPtr bits to bytes.
  std::unordered_map<u64, u64> ledger_ CHI_GUARDED_BY(mu_);
  u64 ledger_bytes_ CHI_GUARDED_BY(mu_) = 0;

  struct TrackedRing {
    const RingConsumer<>* consumer = nullptr;  // null: nobody polls it
    u64 taken = 0;                             // when it was last asked
    u64 before = 0;  // of rings that lay there earlier
  };
  mutable Mutex rings_mu_;
  mutable std::unordered_map<const char*, TrackedRing> rings_
      CHI_GUARDED_BY(rings_mu_);
  // By tasks_taken, which never says less than before.
  mutable u64 told_ CHI_GUARDED_BY(rings_mu_) = 0;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_SESSION_H_
