// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A bounded queue of 64-bit words between one producer and one consumer, which
// may be two processes. It carries tasks from a client's thread to a worker.
//
//   header line  | consumed | parked |            rarely written
//   slot 0       | sequence | value  |  16 bytes, four slots to a cache line
//   slot 1       | sequence | value  |
//   ...            capacity slots, a power of two
//
// Positions count from 0 and never wrap (2^64 tasks take millennia). Position p
// uses slot p % capacity, and that slot is full for p when its sequence equals
// p + 1. So the line of the slot is the only one that both sides touch for an
// item: one transfer to publish it, none to learn that there is nothing. The
// producer looks at `consumed` only when it has filled the ring as far as it
// knew; the consumer writes it every quarter of the capacity.
//
// Trust: the producer's process owns the memory and may write anything into it
// at any time. The consumer keeps its position and the capacity in private
// memory, believes of the ring only "sequence == p + 1", and hands the value on
// unchecked. Whatever lies in the ring, TryPop does a bounded amount of work
// and returns some word or none: a producer that scribbles hurts itself. The
// producer in turn believes nothing of the header but that there is room, and
// then overwrites at most its own slots.
//
// Threads: RingProducer belongs to one thread at a time, RingConsumer to one.
//
// The atomics are a policy so that a model checker can run this very code.

#ifndef CHIMAERA_SHM_RING_QUEUE_H_
#define CHIMAERA_SHM_RING_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <new>
#include <type_traits>

#include "chimaera/base/atomics.h"
#include "chimaera/base/check.h"
#include "chimaera/base/types.h"

namespace chi {

static_assert(std::atomic<u64>::is_always_lock_free, "shared by processes");
static_assert(std::atomic<u32>::is_always_lock_free, "shared by processes");

/// The line before the slots. FROZEN: shared by processes.
template <class Atomics>
struct alignas(kCacheLineSize) RingHeader {
  /// Positions below are free again. Written by the consumer.
  typename Atomics::template Atomic<u64> consumed;
  /// 1 while the consumer sleeps or is about to. Set by the consumer; whoever
  /// changes it back to 0 owes the wake-up.
  typename Atomics::template Atomic<u32> parked;
  /// 1 + the CPU on which the producer last waited; 0: not known. A hint: a
  /// consumer that runs there must not poll, or the producer cannot run.
  typename Atomics::template Atomic<u32> producer_cpu;
};

/// One place of the queue. FROZEN: shared by processes. The value is atomic
/// since a hostile producer may write it while the consumer reads.
template <class Atomics>
struct RingSlot {
  typename Atomics::template Atomic<u64> sequence;
  typename Atomics::template Atomic<u64> value;
};

static_assert(sizeof(RingHeader<StdAtomics>) == kCacheLineSize);
static_assert(offsetof(RingHeader<StdAtomics>, consumed) == 0);
static_assert(offsetof(RingHeader<StdAtomics>, parked) == 8);
static_assert(offsetof(RingHeader<StdAtomics>, producer_cpu) == 12);
static_assert(sizeof(RingSlot<StdAtomics>) == 16);
static_assert(offsetof(RingSlot<StdAtomics>, sequence) == 0);
static_assert(offsetof(RingSlot<StdAtomics>, value) == 8);
static_assert(kCacheLineSize % sizeof(RingSlot<StdAtomics>) == 0,
              "a slot never straddles two lines");

/// Where a ring lies. A value; owns nothing.
template <class Atomics = StdAtomics>
class RingLayout {
 public:
  /// Bounds what a hostile handshake can ask for: 16 MiB of slots.
  static constexpr u64 kMaxCapacity = u64{1} << 20;

  [[nodiscard]] static constexpr bool IsValidCapacity(u64 capacity) {
    return capacity != 0 && capacity <= kMaxCapacity &&
           (capacity & (capacity - 1)) == 0;
  }
  /// REQUIRES: IsValidCapacity(capacity).
  [[nodiscard]] static constexpr u64 BytesFor(u64 capacity) {
    return sizeof(RingHeader<Atomics>) + capacity * sizeof(RingSlot<Atomics>);
  }

  /// Makes an empty ring in `memory`, whatever was there: an old sequence could
  /// look like a new one. REQUIRES: BytesFor(capacity) bytes, aligned to a
  /// cache line, that no other thread or process uses yet.
  static RingLayout Create(char* memory, u64 capacity) {
    const RingLayout layout(memory, capacity);
    new (layout.header_) RingHeader<Atomics>{{0}, {0}, {0}};
    for (u64 i = 0; i < capacity; ++i) {
      new (&layout.slots_[i]) RingSlot<Atomics>{{0}, {0}};
    }
    return layout;
  }

  /// Finds the ring that lies in `memory`; reads nothing. REQUIRES:
  /// IsValidCapacity(capacity); BytesFor(capacity) bytes, aligned.
  RingLayout(char* memory, u64 capacity)
      : header_(reinterpret_cast<RingHeader<Atomics>*>(memory)),
        slots_(reinterpret_cast<RingSlot<Atomics>*>(
            memory + sizeof(RingHeader<Atomics>))),
        capacity_(capacity) {
    CHI_CHECK(IsValidCapacity(capacity), "ring of {} slots", capacity);
    CHI_CHECK(reinterpret_cast<std::uintptr_t>(memory) % kCacheLineSize == 0,
              "ring at {}", static_cast<const void*>(memory));
  }

  [[nodiscard]] RingHeader<Atomics>& header() const { return *header_; }
  [[nodiscard]] RingSlot<Atomics>* slots() const { return slots_; }
  [[nodiscard]] u64 capacity() const { return capacity_; }

 private:
  RingHeader<Atomics>* header_;
  RingSlot<Atomics>* slots_;
  u64 capacity_;
};

/// The writing end.
template <class Atomics = StdAtomics>
class RingProducer {
 public:
  /// `position` is that of the next item: 0 in a new ring.
  explicit RingProducer(RingLayout<Atomics> layout, u64 position = 0)
      : header_(&layout.header()),
        slots_(layout.slots()),
        mask_(layout.capacity() - 1),
        position_(position),
        limit_(position + layout.capacity()) {}

  /// Appends `value`; false if the ring is full. Afterwards the caller asks
  /// ConsumerParked().
  [[nodiscard]] bool TryPush(u64 value) {
    if (__builtin_expect(position_ == limit_, 0) && Room() == 0) {
      return false;
    }
    Publish(value, 1);
    return true;
  }

  /// Appends the first items of `values`, as many as there is room for, and
  /// returns how many. The consumer sees all of them at once.
  u32 TryPushBatch(const u64* values, u32 n) {
    if (n > limit_ - position_) {
      const u64 room = Room();
      n = room < n ? static_cast<u32>(room) : n;
    }
    if (n == 0) {
      return 0;
    }
    // From the back, so that the first slot is the gate to all others: the
    // consumer reads slot k only after it has found slot k - 1 full, hence
    // after its acquire load has met the exchange in Publish. That one pair
    // orders all stores of the batch, so these may be relaxed.
    for (u32 k = n - 1; k > 0; --k) {
      RingSlot<Atomics>& slot = slots_[(position_ + k) & mask_];
      slot.value.store(values[k], std::memory_order_relaxed);
      slot.sequence.store(position_ + k + 1, std::memory_order_relaxed);
    }
    Publish(values[0], n);
    return n;
  }

  /// To be asked after each push. True for at most one caller per sleep of the
  /// consumer: that one wakes it. No wake-up is lost: see AnnounceParked().
  [[nodiscard]] bool ConsumerParked() {
    // The load keeps the line shared between both caches while nobody sleeps;
    // only who has seen 1 pays for the exchange. Between both the consumer may
    // have cancelled, so only the exchange decides.
    return header_->parked.load(std::memory_order_seq_cst) != 0 &&
           header_->parked.exchange(0, std::memory_order_seq_cst) != 0;
  }

  /// Tells the consumer where this producer waits. relaxed: a hint.
  void PublishCpu(u32 cpu) {
    header_->producer_cpu.store(cpu + 1, std::memory_order_relaxed);
  }

  /// Items that fit now.
  [[nodiscard]] u64 Room() {
    // acquire, with the release store in PublishConsumed: the consumer's reads
    // of the slots it has freed come before our next writes to them.
    const u64 consumed = header_->consumed.load(std::memory_order_acquire);
    const u64 used = position_ - consumed;
    if (used > mask_ + 1) {
      return 0;  // a corrupt header claims more than was pushed, or far less
    }
    limit_ = consumed + capacity();
    return mask_ + 1 - used;
  }

  [[nodiscard]] u64 position() const { return position_; }
  [[nodiscard]] u64 capacity() const { return mask_ + 1; }

 private:
  // Fills the first slot with `value`, which makes `n` items visible.
  void Publish(u64 value, u64 n) {
    const u64 position = position_;
    RingSlot<Atomics>& slot = slots_[position & mask_];
    // relaxed: the exchange orders it.
    slot.value.store(value, std::memory_order_relaxed);
    // Release half, with the acquire load in TryPop: the values, and what the
    // caller wrote into the tasks they point to, come before the sequence.
    //
    // seq_cst, and a read-modify-write: the load of `parked` that follows must
    // not be satisfied before this store is visible, or a consumer that
    // announces its sleep in between would be missed (AnnounceParked). An
    // exchange drains the store buffer in 2 ns where a store and a fence cost
    // 17. Its result is of no use: the slot's old sequence.
    static_cast<void>(
        slot.sequence.exchange(position + 1, std::memory_order_seq_cst));
    position_ = position + n;
  }

  // Constant after construction.
  RingHeader<Atomics>* const header_;
  RingSlot<Atomics>* const slots_;
  const u64 mask_;
  // Owned by the producer thread.
  u64 position_;
  u64 limit_;  // first position without room when last looked at
};

/// The reading end.
template <class Atomics = StdAtomics>
class RingConsumer {
 public:
  /// `position` is that of the next item: 0 in a new ring.
  explicit RingConsumer(RingLayout<Atomics> layout, u64 position = 0)
      : header_(&layout.header()),
        slots_(layout.slots()),
        mask_(layout.capacity() - 1),
        publish_mask_(layout.capacity() < 4 ? 0 : layout.capacity() / 4 - 1),
        next_sequence_(position + 1),
        next_slot_(&slots_[position & mask_]) {}

  /// Takes the next item; false if there is none. `*value` is whatever the
  /// producer's process wrote. Callers that drain in a loop bound it: a hostile
  /// producer can keep up for ever.
  [[nodiscard]] bool TryPop(u64* value) {
    const u64 sequence = next_sequence_;
    // acquire, with the exchange in Publish: what the producer wrote before it
    // is visible after we have seen the sequence.
    if (next_slot_->sequence.load(std::memory_order_acquire) != sequence) {
      return false;
    }
    // relaxed: ordered by the acquire above, and before the release in
    // PublishConsumed, which is what lets the producer overwrite it.
    *value = next_slot_->value.load(std::memory_order_relaxed);
    // Not of `Atomics`: it orders nothing, and no model need look at it.
    __atomic_store_n(&next_sequence_, sequence + 1, __ATOMIC_RELAXED);
    next_slot_ = &slots_[sequence & mask_];
    if (__builtin_expect((sequence & publish_mask_) == 0, 0)) {
      PublishConsumed();
    }
    return true;
  }

  /// Takes up to `n` items, at most the capacity, and returns how many.
  u32 TryPopBatch(u64* values, u32 n) {
    u32 count = 0;
    while (count < n && count <= mask_ && TryPop(&values[count])) {
      ++count;
    }
    return count;
  }

  /// True if TryPop would find nothing.
  [[nodiscard]] bool LooksEmpty() const {
    // seq_cst for its use after AnnounceParked; on x86-64 it costs the same.
    return next_slot_->sequence.load(std::memory_order_seq_cst) !=
           next_sequence_;
  }

  /// Whether the producer last waited on `cpu`. relaxed: a hint.
  [[nodiscard]] bool ProducerWaitsOn(u32 cpu) const {
    return header_->producer_cpu.load(std::memory_order_relaxed) == cpu + 1;
  }

  /// Tells the producer which slots are free. TryPop does it every quarter of
  /// the capacity, which is enough: a ring that was drained never looks full.
  /// Before a long sleep it gives the producer the rest.
  void PublishConsumed() {
    // release, with the acquire load in Room: our reads of those slots come
    // before the producer's next writes.
    header_->consumed.store(position(), std::memory_order_release);
  }

  /// Says that this consumer is about to sleep. The caller then asks
  /// LooksEmpty() once more, and sleeps only if it is true. In that order no
  /// item is left lying beside a sleeping consumer. Each side writes one word
  /// and then reads the other's:
  ///
  ///   producer                      consumer
  ///   P1 sequence.exchange(p + 1)   C1 parked.store(1)
  ///   P2 parked.load()              C2 sequence.load()    (LooksEmpty)
  ///
  /// The forbidden outcome is P2 reading 0 and C2 reading the old sequence. All
  /// four are seq_cst, so they have one total order that keeps each side's own:
  /// if P2 read 0, it comes before C1; then P1 < P2 < C1 < C2, and C2 reads
  /// what P1 wrote. With acquire and release alone both stores could wait in
  /// store buffers while both loads read old values.
  void AnnounceParked() { header_->parked.store(1, std::memory_order_seq_cst); }

  /// Says that this consumer is awake. A producer may have won the flag in the
  /// meantime and send a wake-up that finds nobody asleep: permitted; the
  /// consumer merely looks again.
  void CancelParked() {
    // relaxed: a producer that still reads 1 only sends that spare wake-up.
    // Looked at first so as not to take the line when a producer cleared it.
    if (header_->parked.load(std::memory_order_relaxed) != 0) {
      header_->parked.store(0, std::memory_order_relaxed);
    }
  }

  /// Items taken. Of all the only call that any thread may make at any time,
  /// for statistics.
  [[nodiscard]] u64 position() const {
    return __atomic_load_n(&next_sequence_, __ATOMIC_RELAXED) - 1;
  }
  [[nodiscard]] u64 capacity() const { return mask_ + 1; }

 private:
  // Constant after construction, in private memory: nothing that bounds an
  // access is read from the ring.
  RingHeader<Atomics>* const header_;
  RingSlot<Atomics>* const slots_;
  const u64 mask_;
  const u64 publish_mask_;
  // Owned by the consumer thread: the sequence of the next item, and its slot.
  u64 next_sequence_;
  RingSlot<Atomics>* next_slot_;
};

}  // namespace chi

#endif  // CHIMAERA_SHM_RING_QUEUE_H_
