// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who sets and who waits meet at one word, each with one step that reads and
// writes, as in ipc/completion.h: either the waiter finds the event set, or the
// setter finds the waiter.

#include "chimaera/sched/coevent.h"

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "chimaera/sched/park.h"
#include "chimaera/shm/storage.h"

namespace chi {

void CoEvent::Set() {
  const u64 old = word_.exchange(kSet, std::memory_order_acq_rel);
  CHI_CHECK(old != kSet, "an event happens once");
  // Who waits does not leave before it is unparked.
  if (old != kUnset) Worker::Unpark(*reinterpret_cast<ParkedRun*>(old));
}

bool CoEvent::Announce(ParkedRun& run) {
  u64 expected = kUnset;
  const bool first = word_.compare_exchange_strong(
      expected, reinterpret_cast<u64>(&run), std::memory_order_acq_rel);
  CHI_CHECK(first || expected == kSet, "two wait for one event");
  return first;
}

Status CoEvent::Wait(u64 timeout_ns) {
  if (IsSet()) return Status();
  ParkedRun run(WaitKind::kIo, this);
  if (!Announce(run)) return Status();
  run.since_ns = ParkClock().NowNs();
  Status parked = ParkHere(run, DeadlineNs(run.since_ns, timeout_ns));
  if (parked.ok()) return parked;
  u64 expected = reinterpret_cast<u64>(&run);
  if (!word_.compare_exchange_strong(expected, kUnset,
                                     std::memory_order_acq_rel)) {
    ParkHereForCertain(run);  // it was set, and the wake-up is on its way
    if (!run.interrupted()) return Status();
  }
  if (run.interrupted() || parked.code() != StatusCode::kDeadlineExceeded) {
    throw StatusError(parked);
  }
  return Status::DeadlineExceeded(
      Format("not happened after {} ms", timeout_ns / kNsPerMs));
}

void CoEvent::WaitForCertain() {
  if (IsSet()) return;
  ParkedRun run(WaitKind::kIo, this);
  if (Announce(run)) ParkHereForCertain(run);
}

}  // namespace chi
