// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A thread sleeps on a word in its ParkedRun. Whoever sets the word must not
// touch it afterwards, but wakes by its address, which does no harm when the
// thread has left meanwhile.

#include "chimaera/sched/park.h"

#include <algorithm>

#include "chimaera/ipc/life_word.h"

namespace chi {
namespace {

bool ThreadSleep(ParkedRun& run, u64 deadline_ns) {
  const Clock& clock = SystemClock::Get();
  for (;;) {
    // acquire, with the release in Worker::Unpark.
    if (run.thread_word.load(std::memory_order_acquire) != 0) break;
    const u64 now_ns = clock.NowNs();
    if (now_ns >= deadline_ns) return false;
    static_cast<void>(
        FutexWaitOnTask(&run.thread_word, 0, nullptr,
                        std::min(deadline_ns - now_ns, kMaxFutexSliceNs)));
  }
  run.thread_word.store(0, std::memory_order_relaxed);
  return true;
}

}  // namespace

const Clock& ParkClock() {
  const Worker* worker = Worker::Current();
  return worker == nullptr ? SystemClock::Get() : worker->clock();
}

Status ParkHere(ParkedRun& run, u64 deadline_ns) {
  if (run.worker != nullptr) return run.worker->Park(run, deadline_ns);
  return ThreadSleep(run, deadline_ns)
             ? Status()
             : Status::DeadlineExceeded("woken by the clock");
}

void ParkHereForCertain(ParkedRun& run) {
  if (run.worker != nullptr) return run.worker->ParkForCertain(run);
  static_cast<void>(ThreadSleep(run, kNoDeadlineNs));
}

}  // namespace chi
