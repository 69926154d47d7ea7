// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The client's end of the ring of returned results.

#include "chimaera/shm/return_ring.h"

#include <algorithm>

namespace chi {

void ReturnRingProducer::Return(ShmPtr result) {
  MutexLock lock(mu_);
  FlushLocked();
  if (!waiting_.empty() || !ring_.TryPush(result.bits_)) {
    waiting_.push_back(result.bits_);
  }
}

void ReturnRingProducer::Flush() {
  MutexLock lock(mu_);
  FlushLocked();
}

u64 ReturnRingProducer::num_waiting() const {
  MutexLock lock(mu_);
  return waiting_.size();
}

void ReturnRingProducer::FlushLocked() {
  if (waiting_.empty()) {
    return;
  }
  const u64 want = std::min<u64>(waiting_.size(), ring_.capacity());
  const u32 moved = ring_.TryPushBatch(waiting_.data(), static_cast<u32>(want));
  waiting_.erase(waiting_.begin(), waiting_.begin() + moved);
}

}  // namespace chi
