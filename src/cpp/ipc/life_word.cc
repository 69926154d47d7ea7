// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Robust futexes without glibc's robust mutexes: the list head and its one node
// are ours, the futex word is the control page's.

#include "chimaera/ipc/life_word.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "chimaera/base/check.h"
#include "chimaera/base/clock.h"
#include "chimaera/base/start_thread.h"

namespace chi {

namespace {

static_assert(kLifeThreadMask == FUTEX_TID_MASK);
static_assert(kLifeOwnerDied == FUTEX_OWNER_DIED);
static_assert(kLifeStopped == FUTEX_WAITERS);
static_assert(sizeof(std::atomic<u32>) == sizeof(u32), "a futex word");

// Sleepers that one who learned of a death wakes in turn: two, so that the news
// reaches n sleepers in log2(n) steps.
constexpr u32 kPassOn = 2;

std::atomic<bool> g_no_futex_waitv{false};

timespec ToTimespec(u64 ns) {
  timespec time;
  time.tv_sec = static_cast<time_t>(ns / kNsPerSec);
  time.tv_nsec = static_cast<long>(ns % kNsPerSec);
  return time;
}

/// Waits on one word until it differs, at most until `deadline_ns` of
/// CLOCK_MONOTONIC. Shared, never FUTEX_PRIVATE: the word may be in a segment.
void PlainWait(const std::atomic<u32>* word, u32 expected, u64 deadline_ns) {
  const timespec until = ToTimespec(deadline_ns);
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, &until, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

/// Waits on both words. False if the kernel cannot.
bool WaitOnBoth(const std::atomic<u32>* word, u32 expected,
                const std::atomic<u32>* life, u32 alive, u64 deadline_ns) {
#ifdef SYS_futex_waitv
  struct futex_waitv waits[2] = {};
  waits[0].val = expected;
  waits[0].uaddr = reinterpret_cast<std::uintptr_t>(word);
  waits[0].flags = FUTEX_32;
  waits[1].val = alive;
  waits[1].uaddr = reinterpret_cast<std::uintptr_t>(life);
  waits[1].flags = FUTEX_32;
  const timespec until = ToTimespec(deadline_ns);
  const long result =
      syscall(SYS_futex_waitv, waits, 2, 0, &until, CLOCK_MONOTONIC);
  return result >= 0 || (errno != ENOSYS && errno != EPERM);
#else
  static_cast<void>(word);
  static_cast<void>(expected);
  static_cast<void>(life);
  static_cast<void>(alive);
  static_cast<void>(deadline_ns);
  return false;
#endif
}

/// One sleep of bounded length; wakes early when a word changes.
void SleepOnce(const std::atomic<u32>* word, u32 expected,
               const ControlPage* page, u32 life, u64 now_ns, u64 deadline_ns) {
  if (page == nullptr) {
    const u64 slice = DeadlineNs(now_ns, kMaxFutexSliceNs);
    return PlainWait(word, expected, std::min(slice, deadline_ns));
  }
  // Relaxed: a flag that only ever says "do not try again".
  if (!g_no_futex_waitv.load(std::memory_order_relaxed)) {
    const u64 slice = DeadlineNs(now_ns, kMaxFutexSliceNs);
    if (WaitOnBoth(word, expected, &page->life, life,
                   std::min(slice, deadline_ns))) {
      return;
    }
    g_no_futex_waitv.store(true, std::memory_order_relaxed);
  }
  const u64 slice = DeadlineNs(now_ns, kMaxPlainFutexSliceNs);
  PlainWait(word, expected, std::min(slice, deadline_ns));
}

}  // namespace

void FutexWake(const std::atomic<u32>* word, u32 count) {
  const int most = static_cast<int>(std::min<u32>(count, INT_MAX));
  syscall(SYS_futex, word, FUTEX_WAKE, most, nullptr, nullptr, 0);
}

void TEST_DisableFutexWaitv(bool disabled) {
  g_no_futex_waitv.store(disabled, std::memory_order_relaxed);
}

WaitOutcome FutexWaitOnTask(const std::atomic<u32>* word, u32 expected,
                            const ControlPage* page, u64 timeout_ns) {
  const Clock& clock = SystemClock::Get();
  u64 now_ns = clock.NowNs();
  const u64 deadline_ns = DeadlineNs(now_ns, timeout_ns);
  for (bool slept = false;; slept = true) {
    // The life word first: if the runtime finished the task and died after it,
    // the task is done, so a dead word must be followed by a look at the task.
    const u32 life =
        page == nullptr ? 0 : page->life.load(std::memory_order_acquire);
    if (word->load(std::memory_order_acquire) != expected) {
      return WaitOutcome::kLookAgain;
    }
    if (page != nullptr && !RuntimeAlive(*page)) {
      FutexWake(&page->life, kPassOn);
      // Once more, for the word may have changed before the death was seen.
      return word->load(std::memory_order_acquire) != expected
                 ? WaitOutcome::kLookAgain
                 : WaitOutcome::kRuntimeDied;
    }
    if (now_ns >= deadline_ns) return WaitOutcome::kTimedOut;
    // A signal ends the sleep early: the caller may want to act on it.
    if (slept && now_ns < deadline_ns) return WaitOutcome::kLookAgain;
    SleepOnce(word, expected, page, life, now_ns, deadline_ns);
    now_ns = clock.NowNs();
  }
}

void FutexWaitOnAny(const std::atomic<u32>* const* words, const u32* expected,
                    u32 count, const ControlPage* page, u64 timeout_ns) {
  CHI_CHECK(count <= kMaxFutexWords);
  const u32 life =
      page == nullptr ? 0 : page->life.load(std::memory_order_acquire);
  if (page != nullptr && !RuntimeAlive(*page)) {
    FutexWake(&page->life, kPassOn);
    return;
  }
  const u64 now_ns = SystemClock::Get().NowNs();
#ifdef SYS_futex_waitv
  if (!g_no_futex_waitv.load(std::memory_order_relaxed)) {
    struct futex_waitv waits[kMaxFutexWords + 1] = {};
    u32 n = 0;
    const auto add = [&](const std::atomic<u32>* word, u32 value) {
      waits[n].val = value;
      waits[n].uaddr = reinterpret_cast<std::uintptr_t>(word);
      waits[n++].flags = FUTEX_32;
    };
    for (u32 i = 0; i < count; ++i) add(words[i], expected[i]);
    if (page != nullptr) add(&page->life, life);
    const u64 slice_ns = std::min(timeout_ns, kMaxFutexSliceNs);
    const timespec until = ToTimespec(DeadlineNs(now_ns, slice_ns));
    const long result =
        syscall(SYS_futex_waitv, waits, n, 0, &until, CLOCK_MONOTONIC);
    if (result >= 0 || (errno != ENOSYS && errno != EPERM)) return;
    g_no_futex_waitv.store(true, std::memory_order_relaxed);
  }
#endif
  static_cast<void>(life);
  const u64 slice_ns = std::min(timeout_ns, kNsPerMs);
  PlainWait(words[0], expected[0], DeadlineNs(now_ns, slice_ns));
}

// ---- LifeWord
// ----------------------------------------------------------------

LifeWord::LifeWord(ControlPage* page) : page_(page), owner_(getpid()) {}

Result<std::unique_ptr<LifeWord>> LifeWord::Take(ControlPage* page) {
  std::unique_ptr<LifeWord> life(new LifeWord(page));
  life->thread_ = StartThread([self = life.get()] { self->Run(); });
  while (life->phase_.load(std::memory_order_acquire) == 0) {
    // Bounded by FutexWaitOnTask's slices; the thread always leaves phase 0.
    static_cast<void>(
        FutexWaitOnTask(&life->phase_, 0, nullptr, kMaxFutexSliceNs));
  }
  if (const int error = life->error_.load(std::memory_order_acquire)) {
    return Status::FromErrno(error, "set_robust_list");
  }
  return life;
}

LifeWord::~LifeWord() {
  if (getpid() != owner_) {
    // A forked child has no such thread, and the word is its parent's.
    thread_.detach();
    return;
  }
  Stop();
}

void LifeWord::Stop() {
  if (!thread_.joinable()) return;
  phase_.store(2, std::memory_order_release);
  FutexWake(&phase_, 1);
  thread_.join();
}

void LifeWord::Run() {
  // The kernel walks the list when this thread ends: head -> node -> head, and
  // adds the offset to each node to find its futex word.
  robust_list node;
  robust_list_head head;
  node.next = &head.list;
  head.list.next = &node;
  head.futex_offset =
      static_cast<long>(reinterpret_cast<std::uintptr_t>(&page_->life) -
                        reinterpret_cast<std::uintptr_t>(&node));
  head.list_op_pending = nullptr;

  // glibc has registered a list of its own; it gets it back at the end.
  robust_list_head* old_head = nullptr;
  size_t old_size = sizeof(head);
  const bool had_list =
      syscall(SYS_get_robust_list, 0, &old_head, &old_size) == 0;
  if (syscall(SYS_set_robust_list, &head, sizeof(head)) != 0) {
    error_.store(errno, std::memory_order_release);
    phase_.store(3, std::memory_order_release);
    FutexWake(&phase_, 1);
    return;
  }
  const u32 tid = static_cast<u32>(syscall(SYS_gettid));
  page_->life.store(tid | FUTEX_WAITERS, std::memory_order_release);
  u32 starting = 0;
  // Fails if Stop was faster.
  phase_.compare_exchange_strong(starting, 1, std::memory_order_acq_rel);
  FutexWake(&phase_, 1);
  while (phase_.load(std::memory_order_acquire) != 2) {
    PlainWait(&phase_, 1, SystemClock::Get().NowNs() + 60 * kNsPerSec);
  }

  // "Stopped" before the list is dropped: killed in between, the kernel finds a
  // word that names no thread and leaves it.
  page_->life.store(kLifeStopped, std::memory_order_release);
  syscall(SYS_set_robust_list, had_list ? old_head : nullptr, sizeof(head));
  FutexWake(&page_->life, INT_MAX);
}

}  // namespace chi
