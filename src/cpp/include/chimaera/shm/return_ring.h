// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a client gives results back. A long string that a module returns lies in
// memory of the runtime and counts against the client's quota until the client
// has read it and put its ShmPtr here. One ring per session, in the client's
// main segment; the runtime looks into it when it allocates for that session.
//
// The runtime believes nothing: what it takes out is a claim, checked against
// the session's ledger.

#ifndef CHIMAERA_SHM_RETURN_RING_H_
#define CHIMAERA_SHM_RETURN_RING_H_

#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/thread_annotations.h"
#include "chimaera/base/types.h"
#include "chimaera/shm/offset_ptr.h"
#include "chimaera/shm/ring_queue.h"

namespace chi {

/// The client's end. May be used by all threads of the client.
class ReturnRingProducer {
 public:
  /// `ring` is new, and has no other producer.
  explicit ReturnRingProducer(RingLayout<> ring) : ring_(ring) {}

  /// Gives `result` back. Never blocks and never loses it: what the ring has no
  /// room for waits in private memory for the next call. No more can wait than
  /// the session's quota had results.
  void Return(ShmPtr result);

  /// Moves what waits into the ring, as far as it has room.
  void Flush();

  /// Results that wait for room.
  [[nodiscard]] u64 num_waiting() const;

 private:
  void FlushLocked() CHI_REQUIRES(mu_);

  mutable Mutex mu_;
  RingProducer<> ring_ CHI_GUARDED_BY(mu_);
  std::vector<u64> waiting_ CHI_GUARDED_BY(mu_);
};

/// The runtime's end. Not thread-safe: the session's lock guards it.
class ReturnRingConsumer {
 public:
  explicit ReturnRingConsumer(RingLayout<> ring) : ring_(ring) {}

  /// Calls `take(ShmPtr)` for what has been given back, at most the capacity
  /// of the ring. Returns how often.
  template <typename Take>
  u64 Drain(Take&& take) {
    u64 count = 0;
    u64 bits = 0;
    // Bounded: a hostile client can write as fast as we read.
    while (count < ring_.capacity() && ring_.TryPop(&bits)) {
      ++count;
      take(ShmPtr::FromBits(bits));
    }
    return count;
  }

 private:
  RingConsumer<> ring_;
};

}  // namespace chi

#endif  // CHIMAERA_SHM_RETURN_RING_H_
