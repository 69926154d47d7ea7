// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The rings that one worker polls, low-latency ones first.

#ifndef CHIMAERA_SCHED_LANES_H_
#define CHIMAERA_SCHED_LANES_H_

#include <functional>
#include <memory>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/ipc/session.h"
#include "chimaera/sched/worker.h"
#include "chimaera/shm/ring_queue.h"

namespace chi {

/// Runs `done` when the last lane that holds it has gone.
struct Detachment {
  explicit Detachment(std::function<void()> on_done)
      : done(std::move(on_done)) {}
  ~Detachment() { done(); }
  Detachment(const Detachment&) = delete;
  Detachment& operator=(const Detachment&) = delete;
  const std::function<void()> done;
};

/// One ring of one client thread.
struct Lane {
  explicit Lane(RingSource source)
      : session(std::move(source.session)),
        client_id(session->id()),
        consumer(RingLayout<>(source.ring, source.capacity)),
        priority(source.priority) {}

  const std::shared_ptr<Session> session;
  const u64 client_id;
  RingConsumer<> consumer;
  const Priority priority;
  /// Its runs that have been parked and are not finished.
  u32 parked_runs = 0;
  /// Set when the session goes; the lane is then polled no more.
  std::shared_ptr<Detachment> detachment;
};

/// Owned by the worker; no locks.
class Lanes {
 public:
  void Add(RingSource source);

  /// Takes the lanes of the session out. Those with parked runs stay until
  /// RunFinished has been called for the last one. Returns how many there were.
  u32 Detach(u64 session_id, std::function<void()> done);

  /// A run of `lane` that had been parked is over.
  void RunFinished(Lane& lane);

  /// Drops all lanes. REQUIRES: nothing is parked.
  void Clear();

  const std::vector<std::unique_ptr<Lane>>& polled() const { return polled_; }

  /// Announces to every client that the worker is about to sleep.
  void AnnounceParked();
  void CancelParked();
  bool LookEmpty() const;

  /// Whether a client thread waits on `cpu`.
  bool AnyWaitsOn(u32 cpu) const;

 private:
  std::vector<std::unique_ptr<Lane>> polled_;
  std::vector<std::unique_ptr<Lane>> leaving_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_LANES_H_
