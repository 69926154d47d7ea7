// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The sleeping side of a worker, put together from the product's parts: inbox,
// wake flag, ends of rings, and the order in which Worker::Impl::Sleep uses
// them. Mirrored here are only the three loops of Lanes and Sleeper's eventfd.

#ifndef CHIMAERA_TESTS_MODEL_IDLE_WORKER_H_
#define CHIMAERA_TESTS_MODEL_IDLE_WORKER_H_

#include <array>
#include <optional>

#include "atomics.h"
#include "chimaera/shm/ring_queue.h"
#include "sched/inbox.h"
#include "sched/sleep_protocol.h"

namespace chi::model {

/// A member before those that shall be called `name` in traces.
struct Named {
  explicit Named(const char* name) { Explorer::Get().NameNext(name); }
};

struct Node {
  Plain<Node*> next;
  u32 id = 0;
};

/// Counts the wake-ups that were promised since the last announcement.
class Owed {
 public:
  void OnAnnounce() { count_.Reset(); }
  void OnTaken() {
    if (++count_ > 1) Explorer::Get().Fail("two wake-ups owed for one sleep");
  }

 private:
  Ghost count_;
};

template <class Mutation>
class ModelSleeper {
 public:
  /// Sleeper::Wake.
  void Wake() {
    if (!flag_.Take()) return;
    owed_.OnTaken();
    event_.Signal();
  }
  void Announce() {
    flag_.Announce();
    owed_.OnAnnounce();
  }
  void Cancel() { flag_.Cancel(); }

  Event& event() { return event_; }

 private:
  Event event_;
  Owed owed_;
  WakeFlag<Atomics<Mutation>> flag_;
};

template <class Mutation>
using ModelInbox = BasicInbox<Atomics<Mutation>, Node>;

/// Memory for a ring, and names for what lies in it.
template <class Mutation, u64 kCapacity>
class ModelRing {
 public:
  using Layout = RingLayout<Atomics<Mutation>>;

  ModelRing() : layout_(Layout::Create(memory_, kCapacity)) {
    Explorer& explorer = Explorer::Get();
    static constexpr const char* kNames[4][2] = {
        {"slot 0 sequence", "slot 0 value"},
        {"slot 1 sequence", "slot 1 value"},
        {"slot 2 sequence", "slot 2 value"},
        {"slot 3 sequence", "slot 3 value"}};
    explorer.Name(layout_.header().parked.cell(), "parked");
    explorer.Name(layout_.header().consumed.cell(), "consumed");
    for (u64 i = 0; i < kCapacity; ++i) {
      explorer.Name(layout_.slots()[i].sequence.cell(), kNames[i][0]);
      explorer.Name(layout_.slots()[i].value.cell(), kNames[i][1]);
    }
  }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  Owed& owed() { return owed_; }

 private:
  alignas(kCacheLineSize) char memory_[4 * kCacheLineSize];
  Layout layout_;
  Owed owed_;
};

/// The worker's ends of all rings.
template <class Mutation, u32 kRings, u64 kCapacity>
class ModelLanes {
 public:
  using Ring = ModelRing<Mutation, kCapacity>;
  using Consumer = RingConsumer<Atomics<Mutation>>;

  ModelLanes() {
    for (u32 r = 0; r < kRings; ++r) consumers_[r].emplace(rings_[r].layout());
  }
  Ring& ring(u32 r) { return rings_[r]; }
  Consumer& consumer(u32 r) { return *consumers_[r]; }

  void AnnounceParked() {
    for (u32 r = 0; r < kRings; ++r) {
      consumers_[r]->AnnounceParked();
      rings_[r].owed().OnAnnounce();
    }
  }
  void CancelParked() {
    for (auto& consumer : consumers_) consumer->CancelParked();
  }
  [[nodiscard]] bool LookEmpty() const {
    for (const auto& consumer : consumers_) {
      if (!consumer->LooksEmpty()) return false;
    }
    return true;
  }

 private:
  std::array<Ring, kRings> rings_;
  std::array<std::optional<Consumer>, kRings> consumers_;
};

/// As the product does it.
struct RealOrder {
  template <class Sleeper, class Inbox, class Lanes, class Sleep>
  static void Run(Sleeper& sleeper, const Inbox& inbox, Lanes& lanes,
                  Sleep sleep) {
    SleepUnlessWork(sleeper, inbox, lanes, sleep);
  }
};

/// The mistake: it looks before it announces.
struct LookFirst {
  template <class Sleeper, class Inbox, class Lanes, class Sleep>
  static void Run(Sleeper& sleeper, const Inbox& inbox, Lanes& lanes,
                  Sleep go_to_sleep) {
    const bool empty = inbox.LooksEmpty() && lanes.LookEmpty();
    sleeper.Announce();
    lanes.AnnounceParked();
    if (empty) go_to_sleep();
    sleeper.Cancel();
    lanes.CancelParked();
  }
};

}  // namespace chi::model

#endif  // CHIMAERA_TESTS_MODEL_IDLE_WORKER_H_
