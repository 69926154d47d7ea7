// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Rings, inbox and sleep of one worker, explored exhaustively. Clients push
// items as ClientPort does, other threads of the runtime push nodes into the
// inbox, and the worker takes them and sleeps whenever it finds nothing, for
// ever unless it is woken. So a lost wake-up is an execution that does not end.
// What an item points to is plain memory: a missing release or acquire is a
// data race. Mutations show that the explorer can see what it looks for.

#include <algorithm>

#include "expect.h"
#include "idle_worker.h"

namespace chi::model {
namespace {

// `kItems` per ring, pushed `kBatch` at a time. `kInjectors` threads push one
// node each; the first `kMixed` clients push one after their items.
template <u32 kRings, u64 kCapacity, u64 kItems, u32 kBatch, u32 kInjectors,
          u32 kMixed = 0>
struct Shape {
  static constexpr u32 rings = kRings;
  static constexpr u64 capacity = kCapacity;
  static constexpr u64 items = kItems;
  static constexpr u32 batch = kBatch;
  static constexpr u32 injectors = kInjectors;
  static constexpr u32 mixed = kMixed;
  static constexpr u32 nodes = kInjectors + kMixed;
};

template <class S, class Mutation = Faithful, class Order = RealOrder>
class SleepWorld final : public World {
 public:
  SleepWorld() {
    for (u32 i = 0; i != S::nodes; ++i) nodes_[i].id = i;
  }

  [[nodiscard]] u32 num_threads() const override {
    return 1 + S::rings + S::injectors;
  }
  [[nodiscard]] const char* ThreadName(u32 thread) const override {
    static constexpr const char* kClients[] = {"client 0", "client 1"};
    static constexpr const char* kInjectors[] = {"injector 0", "injector 1"};
    if (thread == 0) return "worker";
    if (thread <= S::rings) return kClients[thread - 1];
    return kInjectors[thread - 1 - S::rings];
  }

  void Run(u32 thread) override {
    if (thread == 0) {
      RunWorker();
    } else if (thread <= S::rings) {
      RunClient(thread - 1);
    } else {
      Inject(thread - 1 - S::rings);
    }
  }

 private:
  using Producer = RingProducer<Atomics<Mutation>>;

  static u64 ItemOf(u32 ring, u64 index) { return ring * 100 + index; }

  // ClientPort::Submit and PushSlowly.
  void Submit(Producer& producer, u32 ring, u64 index) {
    while (!producer.TryPush(ItemOf(ring, index))) {
      Notify(producer, ring);
      // What else it knows: the ring was full up to `index`.
      Explorer::Get().Forget({1, index});
    }
    Notify(producer, ring);
  }

  void Notify(Producer& producer, u32 ring) {
    if (!producer.ConsumerParked()) return;
    lanes_.ring(ring).owed().OnTaken();
    sleeper_.event().Signal();
  }

  // ClientPort::SubmitBatch.
  void RunClient(u32 ring) {
    Producer producer(lanes_.ring(ring).layout());
    bool knows_nothing = true;  // of what was consumed
    for (u64 done = 0; done != S::items;) {
      if (knows_nothing) Explorer::Get().Forget({3, ring, done});
      const u32 n = static_cast<u32>(std::min<u64>(S::batch, S::items - done));
      u64 values[S::batch];
      for (u32 k = 0; k < n; ++k) {
        values[k] = ItemOf(ring, done + k);
        tasks_[ring][done + k] = values[k];
      }
      knows_nothing &= done + n <= S::capacity;
      u32 pushed = 0;
      if (n > 1) {
        pushed = producer.TryPushBatch(values, n);
        if (pushed > 0) Notify(producer, ring);
      }
      done += pushed;
      for (u32 k = pushed; k < n; ++k) Submit(producer, ring, done++);
    }
    if (ring >= S::mixed) return;
    Explorer::Get().Forget({4});
    Inject(S::injectors + ring);
  }

  // Worker::Impl::InjectNode.
  void Inject(u32 node) {
    if (!inbox_.Push(&nodes_[node])) Explorer::Get().Fail("closed");
    sleeper_.Wake();
  }

  void RunWorker() {
    u64 taken[2] = {0, 0};
    u32 nodes = 0;
    for (;;) {
      Explorer::Get().Forget({2, taken[0], taken[1], nodes});
      bool busy = false;
      for (u32 r = 0; r < S::rings; ++r) busy |= Drain(r, &taken[r]);
      for (Node* node = inbox_.TakeAll(); node != nullptr;) {
        Node* const next = node->next;
        const u32 bit = 1u << node->id;
        if ((nodes & bit) != 0) Explorer::Get().Fail("a node came twice");
        nodes |= bit;
        busy = true;
        node = next;
      }
      if (taken[0] + taken[1] == S::rings * S::items &&
          nodes == (1u << S::nodes) - 1) {
        return;
      }
      if (!busy) {
        Order::Run(sleeper_, inbox_, lanes_,
                   [this] { sleeper_.event().Sleep(false); });
      }
    }
  }

  bool Drain(u32 ring, u64* taken) {
    bool busy = false;
    u64 value = 0;
    while (lanes_.consumer(ring).TryPop(&value)) {
      busy = true;
      if (*taken == S::items || value != ItemOf(ring, *taken)) {
        Explorer::Get().Fail("an item is lost, doubled or out of order");
      }
      if (tasks_[ring][*taken] != value) {
        Explorer::Get().Fail("a task was read before it was written");
      }
      ++*taken;
    }
    return busy;
  }

  Named name_rings_{"producer_cpu"};
  ModelLanes<Mutation, S::rings, S::capacity> lanes_;
  Named name_flag_{"worker's parked"};
  ModelSleeper<Mutation> sleeper_;
  Named name_inbox_{"inbox head"};
  ModelInbox<Mutation> inbox_;
  Named name_nodes_{"node.next"};
  std::array<Node, S::nodes> nodes_;
  Named name_tasks_{"task"};
  std::array<std::array<Plain<u64>, S::items>, S::rings> tasks_;
};

using OneItem = Shape<1, 2, 1, 1, 0>;
using OneRing = Shape<1, 2, 3, 1, 0>;
using WideRing = Shape<1, 4, 4, 1, 0>;
using Batches = Shape<1, 4, 4, 3, 0>;
using TightBatches = Shape<1, 2, 4, 3, 0>;
using TwoRings = Shape<2, 2, 1, 1, 0>;
using TwoRingsAndInbox = Shape<2, 2, 1, 1, 0, 1>;
using RingAndInjector = Shape<1, 2, 2, 1, 1>;
using TwoInjectors = Shape<1, 2, 0, 1, 2>;

TEST_CASE("Sleep model: more items than slots") {
  ExpectRight<SleepWorld<OneRing>>("ring of 2, 3 items");
}

TEST_CASE("Sleep model: one ring of four") {
  ExpectRight<SleepWorld<WideRing>>("ring of 4, 4 items");
}

TEST_CASE("Sleep model: batches") {
  ExpectRight<SleepWorld<Batches>>("ring of 4, batch of 3 and one");
  ExpectRight<SleepWorld<TightBatches>>("ring of 2, batch of 3 and one");
}

TEST_CASE("Sleep model: two rings") {
  ExpectRight<SleepWorld<TwoRings>>("2 rings, 1 item each");
}

TEST_CASE("Sleep model: two rings and an inbox") {
  using World = SleepWorld<TwoRingsAndInbox>;
  ExpectRight<World>("2 rings, 1 item each, 1 node");
}

TEST_CASE("Sleep model: a ring and an inbox") {
  ExpectRight<SleepWorld<RingAndInjector>>("2 items, 1 node");
}

TEST_CASE("Sleep model: two threads at one inbox") {
  ExpectRight<SleepWorld<TwoInjectors>>("2 nodes");
}

// ---- mutations ----

constexpr auto kLost = "asleep for ever: worker";

struct PublishByStore : Faithful {
  template <typename T>
  static constexpr Exchange ForExchange() {
    return sizeof(T) == 8 ? Exchange::kStoreOnly : Exchange::kAtomic;
  }
};

TEST_CASE("Sleep model: finds the loss when Publish only stores") {
  using Mutant = SleepWorld<OneItem, PublishByStore>;
  ExpectFound<Mutant>(Model::kTso, "Publish by a release store", kLost);
  ExpectFound<Mutant>(Model::kCpp, "Publish by a release store", kLost);
}

struct AnnounceByRelease : Faithful {
  template <typename T>
  static constexpr std::memory_order ForStore(std::memory_order order) {
    return order == std::memory_order_seq_cst ? std::memory_order_release
                                              : order;
  }
};

TEST_CASE("Sleep model: finds the loss when the announcement only releases") {
  using Mutant = SleepWorld<OneItem, AnnounceByRelease>;
  ExpectFound<Mutant>(Model::kTso, "Announce by release", kLost);
  ExpectFound<Mutant>(Model::kCpp, "Announce by release", kLost);
}

TEST_CASE("Sleep model: finds the loss when the look comes first") {
  using Mutant = SleepWorld<OneItem, Faithful, LookFirst>;
  ExpectFound<Mutant>(Model::kTso, "look before Announce", kLost);
  ExpectFound<Mutant>(Model::kCpp, "look before Announce", kLost);
}

// x86 forgives the next three: its loads are not overtaken by other loads, and
// its compare-and-swap always drains the buffer.

struct LookByAcquire : Faithful {
  template <typename T>
  static constexpr std::memory_order ForLoad(std::memory_order order) {
    return order == std::memory_order_seq_cst ? std::memory_order_acquire
                                              : order;
  }
};

TEST_CASE("Sleep model: finds the loss when the looks only acquire") {
  using Mutant = SleepWorld<OneItem, LookByAcquire>;
  ExpectRight<Mutant>(Model::kTso, "looks by acquire");
  ExpectFound<Mutant>(Model::kCpp, "looks by acquire", kLost);
}

struct PublishRelaxed : Faithful {
  template <typename T>
  static constexpr std::memory_order ForModify(std::memory_order order) {
    return sizeof(T) == 8 && order == std::memory_order_seq_cst
               ? std::memory_order_relaxed
               : order;
  }
};

TEST_CASE("Sleep model: finds the race when Publish is relaxed") {
  using Mutant = SleepWorld<Batches, PublishRelaxed>;
  ExpectRight<Mutant>(Model::kTso, "Publish relaxed");
  ExpectFound<Mutant>(Model::kCpp, "Publish relaxed", "data race on task");
}

struct PushByRelease : Faithful {
  template <typename T>
  static constexpr std::memory_order ForModify(std::memory_order order) {
    return std::is_pointer_v<T> && order == std::memory_order_seq_cst
               ? std::memory_order_acq_rel
               : order;
  }
};

TEST_CASE("Sleep model: finds the loss when the inbox only releases") {
  using Mutant = SleepWorld<TwoInjectors, PushByRelease>;
  ExpectRight<Mutant>(Model::kTso, "inbox push by acq_rel");
  ExpectFound<Mutant>(Model::kCpp, "inbox push by acq_rel", kLost);
}

struct TakeInTwoSteps : Faithful {
  template <typename T>
  static constexpr Exchange ForExchange() {
    return sizeof(T) == 4 ? Exchange::kLoadThenStore : Exchange::kAtomic;
  }
};

TEST_CASE("Sleep model: finds the second wake-up when two may take the flag") {
  using Mutant = SleepWorld<TwoInjectors, TakeInTwoSteps>;
  ExpectFound<Mutant>(Model::kTso, "flag taken in two steps",
                      "two wake-ups owed");
}

}  // namespace
}  // namespace chi::model
