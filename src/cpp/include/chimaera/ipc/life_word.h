// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a client that waits learns that its runtime is gone.
//
// A thread of the runtime enters the control page's life word in its robust
// list. However that process ends, SIGKILL included, the kernel marks the word
// and wakes one sleeper on it before it tears the memory down, so the news
// takes about a millisecond even where unmapping takes a second. Clients map
// the page read-only and cannot forge the mark. They wait on the task's word
// and the life word at once (futex_waitv); whoever is woken by a death wakes
// others, since the kernel wakes only one.

#ifndef CHIMAERA_IPC_LIFE_WORD_H_
#define CHIMAERA_IPC_LIFE_WORD_H_

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <thread>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/control.h"

namespace chi {

/// Runtime side. Keeps a thread that sleeps until Stop.
class LifeWord {
 public:
  /// The word says "alive" when this returns. `page`, writable, must stay
  /// mapped as long as this object lives. Returns kIo if the kernel refuses.
  static Result<std::unique_ptr<LifeWord>> Take(ControlPage* page);
  LifeWord(const LifeWord&) = delete;
  LifeWord& operator=(const LifeWord&) = delete;
  /// Stops. In a forked child it leaves the parent's word alone.
  ~LifeWord();

  /// Says "stopped" and wakes every sleeper. Safe to call twice; one thread.
  void Stop();

 private:
  explicit LifeWord(ControlPage* page);
  void Run();

  ControlPage* const page_;
  const pid_t owner_;  // the process that took it; a forked child differs
  // 0: starting, 1: the word is held, 2: asked to stop, 3: the kernel refused.
  // A futex: the thread and its owner sleep on it.
  std::atomic<u32> phase_{0};
  std::atomic<int> error_{0};
  std::thread thread_;
};

/// Why FutexWaitOnTask came back.
enum class WaitOutcome {
  kLookAgain,  ///< `word` changed, or a signal or a chance wake-up came.
  kTimedOut,
  kRuntimeDied,  ///< And `word` still held `expected` afterwards.
};

/// Longest sleep without a look at both words: a wake-up that got lost, with
/// the process that should have passed it on, costs this much, ns.
inline constexpr u64 kMaxFutexSliceNs = 100'000'000;
/// The same where the kernel has no futex_waitv (before 5.16).
inline constexpr u64 kMaxPlainFutexSliceNs = 50'000'000;

/// Sleeps until `*word` differs from `expected`, the runtime of `page` is gone,
/// or `timeout_ns` is over. `word` may lie in any shared or private memory;
/// whoever changes it wakes with FutexWake. `page` may be null: then there is
/// nobody who could die.
[[nodiscard]] WaitOutcome FutexWaitOnTask(const std::atomic<u32>* word,
                                          u32 expected, const ControlPage* page,
                                          u64 timeout_ns);

/// Words that FutexWaitOnAny sleeps on at most.
inline constexpr u32 kMaxFutexWords = 127;

/// Sleeps once, until one of the `count` words differs from `expected`, the
/// runtime of `page`, which may be null, is gone, `timeout_ns` is over, or for
/// no reason. Where the kernel cannot, at most 1 ms. REQUIRES: count <=
/// kMaxFutexWords.
void FutexWaitOnAny(const std::atomic<u32>* const* words, const u32* expected,
                    u32 count, const ControlPage* page, u64 timeout_ns);

/// Wakes up to `count` sleepers on `word`, in any process. About 0.3 us when
/// nobody sleeps.
void FutexWake(const std::atomic<u32>* word, u32 count);

/// Makes FutexWaitOnTask behave as on a kernel without futex_waitv.
void TEST_DisableFutexWaitv(bool disabled);

}  // namespace chi

#endif  // CHIMAERA_IPC_LIFE_WORD_H_
