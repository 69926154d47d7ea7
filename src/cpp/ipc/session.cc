// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See session.h.

#include "chimaera/ipc/session.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include <algorithm>
#include <new>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/log.h"
#include "chimaera/base/tsan.h"
#include "chimaera/ipc/task.h"

namespace chi {

namespace {

constexpr u64 kPageMask = 4 * kKiB - 1;

static_assert(kReturnRingOffset + RingLayout<>::BytesFor(kReturnRingSlots) <=
                  kMainHeapOffset,
              "the client's allocator begins behind the return ring");

const char* KindName(SegmentKind kind) {
  return kind == SegmentKind::kMain ? "main" : "client data";
}

}  // namespace

Session::Session(const Identity& identity, const SessionLimits& limits,
                 std::shared_ptr<SessionCommons> commons, CutOffRequest cut_off,
                 Segment main)
    : identity_(identity),
      limits_(limits),
      commons_(std::move(commons)),
      request_cut_off_(std::move(cut_off)),
      returns_(RingLayout<>::Create(main.data() + kReturnRingOffset,
                                    kReturnRingSlots)) {
  MainSegmentHeader header;
  header.return_ring_offset = kReturnRingOffset;
  header.heap_offset = kMainHeapOffset;
  new (main.data()) MainSegmentHeader(header);
  segments_.reserve(limits_.max_segments);
  AppendSegment(SegmentKind::kMain, std::move(main));
}

Result<std::unique_ptr<Session>> Session::Create(
    const Identity& identity, const SessionLimits& limits, u64 main_bytes,
    u64 client_data_bytes, u32 num_workers,
    std::shared_ptr<SessionCommons> commons, CutOffRequest cut_off) {
  if (main_bytes < 2 * kMainHeapOffset || limits.max_segments < 2 ||
      limits.max_segments > kMaxSessionSegments) {
    return Status::BadRequest(
        Format("session: main segment of {} bytes, at most {} segments",
               main_bytes, limits.max_segments));
  }
  CHI_ASSIGN_OR_RETURN(Segment main,
                       Segment::Create(Format("chimaera-main-{}", identity.id),
                                       main_bytes, SegmentSeal::kShared));
  std::unique_ptr<Session> session(
      new Session(identity, limits, std::move(commons), std::move(cut_off),
                  std::move(main)));
  CHI_RETURN_IF_ERROR(
      session->AddSegment(SegmentKind::kClientData, client_data_bytes)
          .status());
  for (u32 worker = 0; worker < num_workers; ++worker) {
    UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd.valid()) return Status::FromErrno(errno, "eventfd of a session");
    session->eventfds_.push_back(std::move(fd));
  }
  return session;
}

Session::~Session() {
  const MutexLock lock(mu_);
  for (const auto& [bits, bytes] : ledger_) {
    const Status freed = commons_->data->Free(ShmPtr::FromBits(bits));
    if (!freed.ok()) CHI_LOG(kError, "session {}: {}", id(), freed);
  }
}

// ---- segments
// ----------------------------------------------------------------

u16 Session::AppendSegment(SegmentKind kind, Segment segment) {
  const u32 index = num_segments_.load(std::memory_order_relaxed);
  table_[index] = OwnSegment{segment.data(), segment.size(), kind};
  segment_bytes_.fetch_add(segment.size(), std::memory_order_relaxed);
  segments_.push_back(std::move(segment));
  // Release: pairs with the acquire in ResolveWritable.
  num_segments_.store(index + 1, std::memory_order_release);
  num_task_segments_.store(index + 1);
  if (cut_off_.load()) num_task_segments_.store(0);
  return static_cast<u16>(index + 1);
}

Result<Session::NewSegment> Session::AddSegment(SegmentKind kind, u64 bytes) {
  if (kind != SegmentKind::kMain && kind != SegmentKind::kClientData) {
    return Status::BadRequest(
        Format("session {}: segment of kind {}", id(), static_cast<u32>(kind)));
  }
  const u64 have = segment_bytes();
  const u64 room = limits_.max_bytes > have ? limits_.max_bytes - have : 0;
  // The first comparison bounds `bytes`, so that rounding cannot overflow.
  if (bytes == 0 || bytes > room || ((bytes + kPageMask) & ~kPageMask) > room) {
    return Status::Overloaded(
        Format("session {}: {} more bytes of {} memory wanted, {} of {} taken",
               id(), bytes, KindName(kind), have, limits_.max_bytes));
  }
  if (num_segments() >= limits_.max_segments) {
    return Status::Overloaded(Format("session {}: has {} of {} segments", id(),
                                     num_segments(), limits_.max_segments));
  }
  CHI_ASSIGN_OR_RETURN(
      Segment segment,
      Segment::Create(
          Format("chimaera-{}-{}", kind == SegmentKind::kMain ? "main" : "data",
                 id()),
          (bytes + kPageMask) & ~kPageMask, SegmentSeal::kShared));
  NewSegment made;
  made.size = segment.size();
  made.fd = segment.fd();
  made.id = AppendSegment(kind, std::move(segment));
  return made;
}

int Session::segment_fd(u16 id) const {
  return id == kNullSegment || id > num_segments() ? -1
                                                   : segments_[id - 1u].fd();
}

u64 Session::segment_size(u16 id) const {
  return id == kNullSegment || id > num_segments() ? 0 : table_[id - 1u].size;
}

u64 Session::segment_bytes(SegmentKind kind) const {
  u64 bytes = 0;
  for (u32 i = 0; i < num_segments(); ++i) {
    if (table_[i].kind == kind) bytes += table_[i].size;
  }
  return bytes;
}

// ---- rings
// -------------------------------------------------------------------

Result<char*> Session::AdmitRing(const AttachRingRequest& request) {
  const ShmPtr ring = ShmPtr::FromBits(request.ring);
  if (request.priority >= kNumPriorities) {
    return Status::BadRequest(
        Format("ring: priority {} of {}", request.priority, kNumPriorities));
  }
  if (!RingLayout<>::IsValidCapacity(request.capacity) ||
      request.capacity > limits_.max_ring_capacity) {
    return Status::BadRequest(
        Format("ring: {} slots; a power of two up to {} is possible",
               request.capacity, limits_.max_ring_capacity));
  }
  const u64 bytes = RingLayout<>::BytesFor(request.capacity);
  char* memory = ResolveWritable(ring, bytes);
  if (memory == nullptr ||
      table_[ring.segment() - 1u].kind != SegmentKind::kMain) {
    return Status::BadRequest(
        Format("ring: {} bytes at {} are not all in a "
               "main segment of this session",
               bytes, ring));
  }
  if (ring.offset() % kCacheLineSize != 0) {
    return Status::BadRequest(
        Format("ring: {} is not aligned to {}", ring, kCacheLineSize));
  }
  if (ring.segment() == kMainSegment && ring.offset() < kMainHeapOffset) {
    return Status::BadRequest(Format("ring: {} is in front of the heap at {}",
                                     ring, kMainHeapOffset));
  }
  if (num_rings_.fetch_add(1, std::memory_order_relaxed) >= limits_.max_rings) {
    ForgetRing();
    return Status::Overloaded(Format("session {}: has {} of {} rings", id(),
                                     num_rings(), limits_.max_rings));
  }
  return memory;
}

void Session::TrackRing(const char* ring, const RingConsumer<>* consumer) {
  const HeapScope heap;
  const MutexLock lock(rings_mu_);
  TrackedRing& tracked = rings_[ring];
  if (tracked.consumer != nullptr) tracked.taken = tracked.consumer->position();
  // Who takes a ring over goes on where it was; a new ring begins at 0.
  tracked.before += tracked.taken - consumer->position();
  tracked.consumer = consumer;
  tracked.taken = consumer->position();
}

void Session::UntrackRing(const char* ring, const RingConsumer<>* consumer) {
  const MutexLock lock(rings_mu_);
  TrackedRing& tracked = rings_[ring];
  if (tracked.consumer != consumer) return;
  tracked.taken = consumer->position();
  tracked.consumer = nullptr;
}

u64 Session::tasks_taken() const {
  const u64 odd = odd_items_.load(std::memory_order_relaxed);
  const MutexLock lock(rings_mu_);
  u64 taken = 0;
  for (auto& [where, ring] : rings_) {
    if (ring.consumer != nullptr) ring.taken = ring.consumer->position();
    taken += ring.before + ring.taken;
  }
  told_ = std::max(told_, taken - odd);
  return told_;
}

void Session::TakeWakeups(int eventfd) {
  // RWF_NOWAIT, since the client may have made the shared open file blocking.
  u64 count;
  iovec room = {&count, sizeof(count)};
  static_cast<void>(preadv2(eventfd, &room, 1, -1, RWF_NOWAIT));
}

// ---- results
// -----------------------------------------------------------------

Result<ShmPtr> Session::AllocateResult(u64 bytes) {
  // The method has done its work: who asked must learn of it.
  const HeapScope heap;
  if (bytes == 0) return Status::BadRequest("result of 0 bytes");
  const MutexLock lock(mu_);
  DrainReturnsLocked();
  if (bytes > limits_.max_result_bytes ||
      ledger_bytes_ > limits_.max_result_bytes - bytes) {
    return Status::Overloaded(
        Format("session {}: result of {} bytes, {} of {} not given back yet",
               id(), bytes, ledger_bytes_, limits_.max_result_bytes));
  }
  CHI_ASSIGN_OR_RETURN(const ShmPtr result, commons_->data->Allocate(bytes));
  ledger_.emplace(result.bits_, bytes);
  ledger_bytes_ += bytes;
  return result;
}

Status Session::FreeResultLocked(ShmPtr p) {
  const auto found = ledger_.find(p.bits_);
  if (found == ledger_.end()) {
    return Status::BadRequest(
        Format("session {}: {} is not a result it holds", id(), p));
  }
  ledger_bytes_ -= found->second;
  ledger_.erase(found);
  return commons_->data->Free(p);
}

Status Session::FreeResult(ShmPtr p) {
  const HeapScope heap;
  const MutexLock lock(mu_);
  return FreeResultLocked(p);
}

void Session::DrainReturns() {
  const MutexLock lock(mu_);
  DrainReturnsLocked();
}

void Session::DrainReturnsLocked() {
  std::vector<ShmPtr> returned;
  returns_.Drain([&returned](ShmPtr p) { returned.push_back(p); });
  // The workers that wrote these results were done before the client had them.
  if (!returned.empty()) TsanAcquire(this);
  for (const ShmPtr p : returned) {
    const Status freed = FreeResultLocked(p);
    if (!freed.ok()) Violation(freed);
  }
}

u64 Session::result_bytes() const {
  const MutexLock lock(mu_);
  return ledger_bytes_;
}

Status Session::TooManyTasks() const {
  return Status::Overloaded(
      Format("client {} (process {}) has {} of {} tasks in flight", id(), pid(),
             tasks_in_flight(), limits_.max_tasks_in_flight));
}

void Session::Violation(const Status& why) {
  if (cut_off_.exchange(true)) return;
  num_task_segments_.store(0);
  CHI_LOG(kWarning, "session {} (process {}) is cut off: {}", id(), pid(), why);
  if (request_cut_off_) request_cut_off_(id());
}

}  // namespace chi
