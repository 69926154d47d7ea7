// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Results on their way back from a client to the runtime.

#include "chimaera/shm/return_ring.h"

#include <thread>
#include <vector>

#include "support/catch.h"

namespace chi {
namespace {

constexpr u64 kSlots = 16;

struct Memory {
  alignas(kCacheLineSize) char bytes[RingLayout<>::BytesFor(kSlots)];
};

TEST_CASE("ReturnRing: what is returned arrives, in order") {
  Memory memory;
  const RingLayout<> ring = RingLayout<>::Create(memory.bytes, kSlots);
  ReturnRingProducer producer(ring);
  ReturnRingConsumer consumer(ring);
  producer.Return(ShmPtr::At(0x8000, 64));
  producer.Return(ShmPtr::At(0x8001, 128));
  std::vector<ShmPtr> taken;
  CHECK(consumer.Drain([&](ShmPtr p) { taken.push_back(p); }) == 2);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0] == ShmPtr::At(0x8000, 64));
  CHECK(taken[1] == ShmPtr::At(0x8001, 128));
  CHECK(consumer.Drain([&](ShmPtr) {}) == 0);
}

TEST_CASE("ReturnRing: nothing is lost while the ring is full") {
  Memory memory;
  const RingLayout<> ring = RingLayout<>::Create(memory.bytes, kSlots);
  ReturnRingProducer producer(ring);
  ReturnRingConsumer consumer(ring);
  for (u64 i = 0; i < 3 * kSlots; ++i) {
    producer.Return(ShmPtr::At(0x8000, i));
  }
  CHECK(producer.num_waiting() == 2 * kSlots);
  u64 next = 0;
  u64 num_wrong = 0;
  for (int round = 0; round < 3; ++round) {
    CHECK(consumer.Drain([&](ShmPtr p) {
      num_wrong += p.offset() != next++ ? 1 : 0;
    }) == kSlots);
    producer.Flush();
  }
  CHECK(num_wrong == 0);
  CHECK(producer.num_waiting() == 0);
}

TEST_CASE("ReturnRing: threads of a client share it") {
  constexpr u64 kPerThread = 20'000;
  Memory memory;
  const RingLayout<> ring = RingLayout<>::Create(memory.bytes, kSlots);
  ReturnRingProducer producer(ring);
  ReturnRingConsumer consumer(ring);
  std::vector<std::thread> threads;
  for (u16 t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (u64 i = 1; i <= kPerThread; ++i) {
        producer.Return(ShmPtr::At(static_cast<u16>(0x8000 + t), i));
      }
    });
  }
  u64 sums[2] = {};
  u64 count = 0;
  while (count < 2 * kPerThread) {
    count += consumer.Drain(
        [&](ShmPtr p) { sums[p.segment() - 0x8000] += p.offset(); });
    producer.Flush();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(sums[0] == kPerThread * (kPerThread + 1) / 2);
  CHECK(sums[1] == kPerThread * (kPerThread + 1) / 2);
}

}  // namespace
}  // namespace chi
