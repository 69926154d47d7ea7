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
#include "sched/lane_share.h"

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

/// What a task that was handed over keeps: its session, and, once the lane it
/// came by has gone, whatever waits for the end of all of the lane's tasks.
struct LaneHold {
  explicit LaneHold(std::shared_ptr<Session> of) : session(std::move(of)) {}
  const std::shared_ptr<Session> session;
  /// The Detachment, or the hold of the lane that polls the ring now. Written
  /// once, by the lane's worker, before that lets the hold go.
  std::shared_ptr<void> successor;
};

/// One ring of one client thread.
struct Lane {
  Lane(RingSource from, std::shared_ptr<LaneHold> lane_hold)
      : source(std::move(from)),
        session(source.session),
        client_id(session->id()),
        consumer(RingLayout<>(source.ring, source.capacity), source.position),
        priority(source.priority),
        hold(std::move(lane_hold)) {
    session->TrackRing(source.ring, &consumer);
  }
  ~Lane() { session->UntrackRing(source.ring, &consumer); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  const RingSource source;
  const std::shared_ptr<Session> session;
  const u64 client_id;
  RingConsumer<> consumer;
  const Priority priority;
  /// Shared with its tasks that wait elsewhere.
  const std::shared_ptr<LaneHold> hold;
  /// What its tasks cost, and how many of them are run in a turn.
  LaneShare share;
  /// Its runs that have been parked and are not finished.
  u32 parked_runs = 0;
  /// The lane is polled no more and goes with its last parked run.
  bool leaving = false;
  /// Set when the session goes.
  std::shared_ptr<Detachment> detachment;
};

/// Owned by the worker; no locks.
class Lanes {
 public:
  void Add(RingSource source) {
    auto hold = std::make_shared<LaneHold>(source.session);
    Add(std::move(source), std::move(hold));
  }
  /// For a ring that another worker had, which has made `hold`.
  void Add(RingSource source, std::shared_ptr<LaneHold> hold);

  /// Takes the lanes of the session out. Those with parked runs stay until
  /// RunFinished has been called for the last one. Returns how many were
  /// polled.
  u32 Detach(u64 session_id, std::function<void()> done);

  /// A polled lane leaves for another worker.
  struct Moved {
    RingSource source;
    std::shared_ptr<LaneHold> hold;
  };
  /// REQUIRES: `lane` is polled. It stays until its last parked run is over.
  Moved Take(Lane& lane);

  /// A run of `lane` that had been parked is over.
  void RunFinished(Lane& lane);

  /// Drops all lanes. REQUIRES: nothing is parked.
  void Clear();

  const std::vector<std::unique_ptr<Lane>>& polled() const { return polled_; }
  /// The first so many of them are of low latency.
  size_t num_low() const { return num_low_; }
  bool all_low() const { return num_low_ == polled_.size(); }

  /// Announces to every client that the worker is about to sleep.
  void AnnounceParked();
  void CancelParked();
  bool LookEmpty() const;

  /// Whether a client thread waits on `cpu`.
  bool AnyWaitsOn(u32 cpu) const;

 private:
  void CountLow();
  void Leave(std::unique_ptr<Lane> lane);

  std::vector<std::unique_ptr<Lane>> polled_;
  std::vector<std::unique_ptr<Lane>> leaving_;
  size_t num_low_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_LANES_H_
