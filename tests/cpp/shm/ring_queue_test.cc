// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The ring between one producer and one consumer. Order and completeness are
// shown by pushing consecutive numbers from one thread and comparing each with
// a counter in another: a lost, doubled, reordered or torn item breaks the
// count. Payloads behind the words show the release/acquire pair to TSan. The
// sleep protocol is run with a real, bounded wait: a lost wake-up is
// a consumer that sleeps past the deadline beside a full slot. What a hostile
// producer can do is tried by writing random and chosen words into the ring.

#include "chimaera/shm/ring_queue.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

#include "chimaera/base/random.h"
#include "support/catch.h"

namespace chi {
namespace {

// Memory for a ring of `capacity` slots, with garbage in it.
class Ring {
 public:
  explicit Ring(u64 capacity)
      : memory_(static_cast<char*>(
            std::aligned_alloc(kCacheLineSize, Rounded(capacity)))),
        layout_((std::memset(memory_, 0xA5, Rounded(capacity)),
                 RingLayout<>::Create(memory_, capacity))) {}
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { std::free(memory_); }

  [[nodiscard]] const RingLayout<>& layout() const { return layout_; }

 private:
  static u64 Rounded(u64 capacity) {
    const u64 bytes = RingLayout<>::BytesFor(capacity);
    return (bytes + kCacheLineSize - 1) / kCacheLineSize * kCacheLineSize;
  }

  char* memory_;
  RingLayout<> layout_;
};

constexpr u64 kNumItems = 2'000'000;

TEST_CASE("Ring: a new one is empty, whatever its memory held") {
  Ring ring(8);
  RingConsumer<> sut(ring.layout());
  u64 value = 0;
  CHECK(sut.LooksEmpty());
  CHECK_FALSE(sut.TryPop(&value));
}

TEST_CASE("Ring: gives items back in order, many times around") {
  const u64 capacity = GENERATE(1, 2, 4, 64);
  Ring ring(capacity);
  RingProducer<> producer(ring.layout());
  RingConsumer<> consumer(ring.layout());
  u64 value = 0;
  for (u64 i = 0; i < 10 * capacity + 3; ++i) {
    REQUIRE(producer.TryPush(i));
    REQUIRE_FALSE(consumer.LooksEmpty());
    REQUIRE(consumer.TryPop(&value));
    REQUIRE(value == i);
  }
  CHECK(consumer.LooksEmpty());
}

TEST_CASE("Ring: refuses a push when full, and has room once drained") {
  const u64 capacity = GENERATE(1, 2, 8, 64);
  Ring ring(capacity);
  RingProducer<> producer(ring.layout());
  RingConsumer<> consumer(ring.layout());
  for (int round = 0; round < 5; ++round) {
    for (u64 i = 0; i < capacity; ++i) {
      REQUIRE(producer.TryPush(i));
    }
    REQUIRE_FALSE(producer.TryPush(99));
    u64 value = 0;
    for (u64 i = 0; i < capacity; ++i) {
      REQUIRE(consumer.TryPop(&value));
      REQUIRE(value == i);
    }
    REQUIRE_FALSE(consumer.TryPop(&value));
  }
}

TEST_CASE("Ring: PublishConsumed frees slots before the quarter is reached") {
  Ring ring(64);
  RingProducer<> producer(ring.layout());
  RingConsumer<> consumer(ring.layout());
  while (producer.TryPush(1)) {
  }
  u64 value = 0;
  REQUIRE(consumer.TryPop(&value));
  CHECK_FALSE(producer.TryPush(2));
  consumer.PublishConsumed();
  CHECK(producer.TryPush(2));
}

TEST_CASE("Ring: a batch takes what fits, across the wrap-around") {
  Ring ring(8);
  RingProducer<> producer(ring.layout());
  RingConsumer<> consumer(ring.layout());
  std::vector<u64> values(16);
  u64 next_in = 0;
  u64 next_out = 0;
  for (u32 n = 0; n <= 16; ++n) {
    for (u32 k = 0; k < n; ++k) {
      values[k] = next_in + k;
    }
    const u32 pushed = producer.TryPushBatch(values.data(), n);
    REQUIRE(pushed == std::min<u32>(n, 8));
    next_in += pushed;
    u64 value = 0;
    while (consumer.TryPop(&value)) {
      REQUIRE(value == next_out++);
    }
    consumer.PublishConsumed();
    REQUIRE(next_out == next_in);
  }
}

TEST_CASE("Ring: the consumer sees nothing of a batch without its first item") {
  Ring ring(8);
  RingProducer<> producer(ring.layout());
  RingConsumer<> consumer(ring.layout());
  const u64 values[] = {1, 2, 3};
  REQUIRE(producer.TryPushBatch(values, 3) == 3);
  ring.layout().slots()[0].sequence.store(0);  // as if not yet published
  u64 value = 0;
  CHECK_FALSE(consumer.TryPop(&value));
  ring.layout().slots()[0].sequence.store(1);
  u64 all[8];
  CHECK(consumer.TryPopBatch(all, 8) == 3);
}

TEST_CASE("Ring: positions beyond 32 bits work") {
  Ring ring(4);
  const u64 start = (u64{1} << 32) - 2;
  ring.layout().header().consumed.store(start);
  RingProducer<> producer(ring.layout(), start);
  RingConsumer<> consumer(ring.layout(), start);
  u64 value = 0;
  for (u64 i = 0; i < 100; ++i) {
    REQUIRE(producer.TryPush(i));
    REQUIRE(consumer.TryPop(&value));
    REQUIRE(value == i);
  }
}

TEST_CASE("Ring: two threads exchange millions of items in order") {
  const u64 capacity = GENERATE(2, 64, 1024);
  // On one core every few items of a small ring take a switch of threads.
  const u64 num_items = capacity < 64 ? kNumItems / 20 : kNumItems;
  Ring ring(capacity);
  // What an item points to: written before the push, read after the pop.
  std::vector<u64> payload(capacity * 2);
  std::thread thread([&] {
    RingProducer<> producer(ring.layout());
    for (u64 i = 0; i < num_items; ++i) {
      while (producer.Room() == 0) {
        std::this_thread::yield();
      }
      payload[i % capacity] = i;
      while (!producer.TryPush(i)) {
      }
    }
  });
  RingConsumer<> consumer(ring.layout());
  u64 num_wrong = 0;
  u64 value = 0;
  for (u64 i = 0; i < num_items; ++i) {
    while (consumer.LooksEmpty()) {
      std::this_thread::yield();
    }
    // Read before the pop: the pop may tell the producer to go on.
    num_wrong += payload[i % capacity] != i ? 1 : 0;
    num_wrong += !consumer.TryPop(&value) || value != i ? 1 : 0;
    if (capacity < 4) {
      consumer.PublishConsumed();
    }
  }
  thread.join();
  CHECK(num_wrong == 0);
  CHECK(consumer.LooksEmpty());
}

TEST_CASE("Ring: two threads exchange batches in order") {
  Ring ring(256);
  std::thread thread([&] {
    RingProducer<> producer(ring.layout());
    SeededRandom random(42);
    std::vector<u64> values(64);
    for (u64 next = 0; next < kNumItems;) {
      const u32 n = static_cast<u32>(
          std::min<u64>(1 + random.Below(64), kNumItems - next));
      for (u32 k = 0; k < n; ++k) {
        values[k] = next + k;
      }
      const u32 pushed = producer.TryPushBatch(values.data(), n);
      next += pushed;
      if (pushed == 0) {
        std::this_thread::yield();
      }
    }
  });
  RingConsumer<> consumer(ring.layout());
  u64 num_wrong = 0;
  u64 values[128];
  for (u64 next = 0; next < kNumItems;) {
    const u32 n = consumer.TryPopBatch(values, 128);
    for (u32 k = 0; k < n; ++k) {
      num_wrong += values[k] != next++ ? 1 : 0;
    }
    if (n == 0) {
      std::this_thread::yield();
    }
  }
  thread.join();
  CHECK(num_wrong == 0);
}

TEST_CASE("Ring: exactly one push after an announcement owes the wake-up") {
  Ring ring(8);
  RingProducer<> producer(ring.layout());
  RingConsumer<> consumer(ring.layout());
  REQUIRE(producer.TryPush(1));
  CHECK_FALSE(producer.ConsumerParked());
  consumer.AnnounceParked();
  REQUIRE(producer.TryPush(2));
  CHECK(producer.ConsumerParked());
  CHECK_FALSE(producer.ConsumerParked());
  consumer.AnnounceParked();
  consumer.CancelParked();
  CHECK_FALSE(producer.ConsumerParked());
}

TEST_CASE("Ring: a sleeping consumer is woken for every item") {
  constexpr u64 kRounds = 20'000;
  Ring ring(4);
  std::mutex mutex;
  std::condition_variable wake;
  bool woken = false;
  std::thread thread([&] {
    RingProducer<> producer(ring.layout());
    for (u64 i = 0; i < kRounds;) {
      if (!producer.TryPush(i)) {
        std::this_thread::yield();
        continue;
      }
      ++i;
      if (producer.ConsumerParked()) {
        const std::lock_guard<std::mutex> lock(mutex);
        woken = true;
        wake.notify_one();
      }
    }
  });
  RingConsumer<> consumer(ring.layout());
  u64 num_lost = 0;
  u64 value = 0;
  for (u64 next = 0; next < kRounds;) {
    if (consumer.TryPop(&value)) {
      num_lost += value != next++ ? 1 : 0;
      continue;
    }
    consumer.AnnounceParked();
    if (consumer.LooksEmpty()) {
      std::unique_lock<std::mutex> lock(mutex);
      if (!wake.wait_for(lock, std::chrono::seconds(20),
                         [&] { return woken; })) {
        ++num_lost;
      }
      woken = false;
    }
    consumer.CancelParked();
  }
  thread.join();
  CHECK(num_lost == 0);
}

TEST_CASE("Ring: the consumer survives any content of the ring") {
  const u64 seed = SystemRandom::Get().Next();
  INFO("seed " << seed);
  SeededRandom random(seed);
  const u64 capacity = 16;
  Ring ring(capacity);
  RingConsumer<> consumer(ring.layout());
  const u64 edges[] = {0,          1,          15,         16,    17,
                       1ull << 31, 1ull << 32, 1ull << 63, ~0ull, ~0ull - 1};
  u64 values[64];
  for (int round = 0; round < 20'000; ++round) {
    for (u64 i = 0; i < capacity; ++i) {
      const u64 kind = random.Below(4);
      const u64 sequence = kind == 0   ? random.Next()
                           : kind == 1 ? edges[random.Below(std::size(edges))]
                                       : consumer.position() + random.Below(33);
      ring.layout().slots()[i].sequence.store(sequence);
      ring.layout().slots()[i].value.store(random.Next());
    }
    ring.layout().header().consumed.store(random.Next());
    ring.layout().header().parked.store(static_cast<u32>(random.Next()));
    const u64 before = consumer.position();
    const u32 n = consumer.TryPopBatch(values, 64);
    REQUIRE(n <= capacity);
    REQUIRE(consumer.position() == before + n);
  }
}

TEST_CASE("Ring: the consumer stops after one capacity of forged sequences") {
  // A producer that always keeps the next slot full, as fast as it is read.
  Ring ring(8);
  RingConsumer<> consumer(ring.layout());
  for (u64 i = 0; i < 8; ++i) {
    ring.layout().slots()[i].sequence.store(i + 1);
  }
  u64 values[64];
  CHECK(consumer.TryPopBatch(values, 64) == 8);
  CHECK(consumer.TryPopBatch(values, 64) == 0);
}

TEST_CASE("Ring: a scribbling thread cannot disturb the consumer's bounds") {
  Ring ring(64);
  std::atomic<bool> stop{false};
  std::thread thread([&] {
    SeededRandom random(7);
    u64 position = 0;
    while (!stop.load()) {
      ++position;
      ring.layout().slots()[position % 64].sequence.store(
          random.Below(8) == 0 ? random.Next() : position,
          std::memory_order_relaxed);
      ring.layout().header().consumed.store(random.Next(),
                                            std::memory_order_relaxed);
    }
  });
  RingConsumer<> consumer(ring.layout());
  u64 values[128];
  bool within = true;
  for (int round = 0; round < 200'000; ++round) {
    within = within && consumer.TryPopBatch(values, 128) <= 64;
    consumer.PublishConsumed();
  }
  stop.store(true);
  thread.join();
  CHECK(within);
}

TEST_CASE("Ring: a producer with a corrupt header sees a full ring") {
  const u64 corrupt = GENERATE(u64{1} << 32, ~u64{0}, u64{17}, u64{1} << 63);
  Ring ring(16);
  RingProducer<> producer(ring.layout());
  for (int i = 0; i < 16; ++i) {
    REQUIRE(producer.TryPush(1));
  }
  ring.layout().header().consumed.store(corrupt);
  CHECK_FALSE(producer.TryPush(2));
  const u64 batch[] = {1, 2};
  CHECK(producer.TryPushBatch(batch, 2) == 0);
}

TEST_CASE("Ring: only powers of two up to the limit are capacities") {
  CHECK_FALSE(RingLayout<>::IsValidCapacity(0));
  CHECK_FALSE(RingLayout<>::IsValidCapacity(3));
  CHECK_FALSE(RingLayout<>::IsValidCapacity(RingLayout<>::kMaxCapacity * 2));
  CHECK(RingLayout<>::IsValidCapacity(1));
  CHECK(RingLayout<>::IsValidCapacity(RingLayout<>::kMaxCapacity));
}

}  // namespace
}  // namespace chi
