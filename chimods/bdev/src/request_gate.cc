// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who leaves hands the pass to the first that waits, so nobody overtakes.

#include "request_gate.h"

#include <algorithm>

#include "chimaera/shm/storage.h"

namespace chimaera::bdev {

using chi::u64;

void RequestGate::Enter() {
  chi::CoEvent turn;
  {
    const chi::MutexLock lock(mu_);
    if (free_ > 0) {
      --free_;
      NoteDepth();
      return;
    }
    waiting_.push_back(&turn);
    NoteDepth();
  }
  try {
    while (!turn.Wait().ok()) {
    }
  } catch (const chi::StatusError&) {
    bool has_pass = true;
    {
      const chi::MutexLock lock(mu_);
      const auto place = std::find(waiting_.begin(), waiting_.end(), &turn);
      if (place != waiting_.end()) {
        waiting_.erase(place);
        has_pass = false;
      }
    }
    if (has_pass) Leave();
    throw;
  }
}

u64 RequestGate::EnterSome(u64 wanted) {
  Enter();
  const chi::MutexLock lock(mu_);
  // None is free while somebody waits.
  const chi::u32 more = static_cast<chi::u32>(std::min<u64>(free_, wanted - 1));
  free_ -= more;
  NoteDepth();
  return u64{more} + 1;
}

void RequestGate::Leave() {
  const chi::MutexLock lock(mu_);
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  chi::CoEvent* const next = waiting_.front();
  waiting_.pop_front();
  next->Set();
}

}  // namespace chimaera::bdev
