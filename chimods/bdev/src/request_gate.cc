// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who leaves hands the pass to the first that waits, so nobody overtakes.

#include "request_gate.h"

#include <algorithm>

#include "chimaera/shm/storage.h"

namespace chimaera::bdev {

using chi::u64;

u64 RequestGate::Enter(Entry& entry, u64 wanted) {
  const u64 now_ns = clock_.CoarseNs();
  chi::CoEvent turn;
  {
    const chi::MutexLock lock(mu_);
    const bool waits = free_ == 0;
    if (waits) waiting_.push_back(&turn);  // throws before anything is done
    Append(entry, now_ns);
    if (!waits) return TakeFree(wanted);
    NoteDepth();
  }
  try {
    while (!turn.Wait().ok()) {
    }
  } catch (const chi::StatusError&) {
    const chi::MutexLock lock(mu_);
    Remove(entry);
    const auto place = std::find(waiting_.begin(), waiting_.end(), &turn);
    if (place != waiting_.end()) {
      waiting_.erase(place);
    } else {
      GiveBack();
    }
    throw;
  }
  if (wanted == 1) return 1;
  const chi::MutexLock lock(mu_);
  return 1 + TakeFree(wanted - 1);
}

// None is free while somebody waits.
u64 RequestGate::TakeFree(u64 wanted) {
  const chi::u32 taken = static_cast<chi::u32>(std::min<u64>(free_, wanted));
  free_ -= taken;
  NoteDepth();
  return taken;
}

void RequestGate::Note(Entry& entry) {
  const u64 now_ns = clock_.CoarseNs();
  const chi::MutexLock lock(mu_);
  Append(entry, now_ns);
}

void RequestGate::Leave(Entry& entry, u64 num_passes) {
  const chi::MutexLock lock(mu_);
  Remove(entry);
  for (u64 i = 0; i < num_passes; ++i) GiveBack();
}

void RequestGate::GiveBack() {
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  chi::CoEvent* const next = waiting_.front();
  waiting_.pop_front();
  next->Set();
}

void RequestGate::Append(Entry& entry, u64 now_ns) {
  entry.since_ns = now_ns;
  entry.older = youngest_;
  (youngest_ == nullptr ? oldest_ : youngest_->younger) = &entry;
  youngest_ = &entry;
}

void RequestGate::Remove(Entry& entry) {
  (entry.older == nullptr ? oldest_ : entry.older->younger) = entry.younger;
  (entry.younger == nullptr ? youngest_ : entry.younger->older) = entry.older;
}

u64 RequestGate::oldest_ns() const {
  const u64 now_ns = clock_.CoarseNs();
  const chi::MutexLock lock(mu_);
  // One that came since was not there yet.
  if (oldest_ == nullptr || oldest_->since_ns > now_ns) return 0;
  return now_ns - oldest_->since_ns;
}

}  // namespace chimaera::bdev
