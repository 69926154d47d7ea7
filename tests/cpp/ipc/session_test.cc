// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The session alone, without a socket: what a pointer may name, what a client
// may hold, what it gives back.

#include "chimaera/ipc/session.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <limits>
#include <memory>
#include <random>
#include <thread>

#include "chimaera/shm/return_ring.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr u64 kSegmentBytes = 256 * kKiB;

struct Fixture {
  Fixture() {
    RuntimeDataOptions options;
    options.segment_bytes = 64 * kKiB;
    options.max_bytes = 256 * kKiB;
    commons->data =
        std::move(RuntimeData::Create(commons->segments, options)).value();
    SessionLimits limits;
    limits.max_bytes = 4 * kMiB;
    limits.max_result_bytes = 128 * kKiB;
    limits.max_tasks_in_flight = 3;
    Result<std::unique_ptr<Session>> made =
        Session::Create({5, 4711, 0}, limits, kSegmentBytes, kSegmentBytes, 2,
                        commons, [this](u64 id) { cut_off_id = id; });
    CHI_CHECK_OK(made.status());
    session = std::move(made).value();
  }
  /// The client's end of the return ring, as a client makes it.
  ReturnRingProducer ClientRing() {
    char* main = session->Resolve(ShmPtr::At(kMainSegment, 0), kSegmentBytes);
    return ReturnRingProducer(
        RingLayout<>(main + kReturnRingOffset, kReturnRingSlots));
  }

  std::shared_ptr<SessionCommons> commons = std::make_shared<SessionCommons>();
  std::atomic<u64> cut_off_id{0};
  std::unique_ptr<Session> session;
};

TEST_CASE("Session: only bytes that are all inside a segment resolve") {
  Fixture f;
  Session& s = *f.session;
  constexpr u64 kMax = std::numeric_limits<u64>::max();
  const auto at = [&](u64 offset, u64 size) {
    return s.Resolve(ShmPtr::At(kMainSegment, offset), size);
  };
  CHECK(at(0, kSegmentBytes) != nullptr);
  CHECK(at(0, kSegmentBytes + 1) == nullptr);
  CHECK(at(1, kSegmentBytes) == nullptr);
  CHECK(at(kSegmentBytes - 1, 1) != nullptr);
  CHECK(at(kSegmentBytes, 0) != nullptr);
  CHECK(at(kSegmentBytes, 1) == nullptr);
  CHECK(at(kSegmentBytes + 1, 0) == nullptr);
  CHECK(at(64, kMax) == nullptr);
  CHECK(at(64, kMax - 63) == nullptr);  // wraps to 0 in 64 bits
  CHECK(at(ShmPtr::kOffsetMask, 1) == nullptr);
  CHECK(s.Resolve(ShmPtr::Null(), 0) == nullptr);
  CHECK(s.Resolve(ShmPtr::At(0, 64), 1) == nullptr);
  CHECK(s.Resolve(ShmPtr::At(3, 0), 1) == nullptr);
  CHECK(s.Resolve(ShmPtr::At(0x7fff, 0), 1) == nullptr);
  CHECK(s.Resolve(ShmPtr::At(0x8fff, 0), 1) == nullptr);
  CHECK(s.Resolve(ShmPtr::Private(&f), 1) == nullptr);
}

TEST_CASE("Session: forged pointers never resolve outside a segment") {
  Fixture f;
  const u32 seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const u64 edges[] = {0,
                       1,
                       63,
                       64,
                       4096,
                       kSegmentBytes - 1,
                       kSegmentBytes,
                       kSegmentBytes + 1,
                       u64{1} << 32,
                       ~u64{0},
                       ~u64{0} - 64};
  const auto number = [&] {
    const u64 edge = edges[random() % std::size(edges)];
    return random() % 2 == 0 ? edge + random() % 3 - 1
                             : random() >> (random() % 64);
  };
  u64 accepted_outside = 0;
  for (int i = 0; i < 200'000; ++i) {
    const u16 segment =
        static_cast<u16>(random() % 4 == 0 ? random() : random() % 4);
    const ShmPtr p = ShmPtr::At(segment, number());
    const u64 size = number();
    if (f.session->ResolveWritable(p, size) == nullptr) continue;
    const bool inside = (segment == 1 || segment == 2) &&
                        size <= kSegmentBytes &&
                        p.offset() <= kSegmentBytes - size;
    if (!inside) ++accepted_outside;
  }
  CHECK(accepted_outside == 0);
}

TEST_CASE("Session: runtime-wide memory is a source, never a target") {
  Fixture f;
  const auto result = f.session->AllocateResult(100);
  REQUIRE(result.status().ToString() == "OK");
  CHECK(result->segment() >= kFirstRuntimeSegment);
  CHECK(f.session->Resolve(*result, 100) != nullptr);
  CHECK(f.session->ResolveWritable(*result, 100) == nullptr);
}

TEST_CASE("Session: results are given back through the ring") {
  Fixture f;
  ReturnRingProducer ring = f.ClientRing();
  for (int round = 0; round < 3000; ++round) {
    const auto result = f.session->AllocateResult(1000);
    REQUIRE(result.ok());
    ring.Return(*result);
  }
  f.session->DrainReturns();
  CHECK(f.session->result_bytes() == 0);
  CHECK(f.commons->data->used_bytes() == 0);
  CHECK_FALSE(f.session->cut_off());
}

TEST_CASE("Session: what a client does not give back fills its own quota") {
  Fixture f;
  Status full = Status::Ok();
  u64 held = 0;
  while (full.ok()) {
    const auto result = f.session->AllocateResult(8 * kKiB);
    full = result.status();
    if (result.ok()) held += 8 * kKiB;
  }
  CHECK(held == 128 * kKiB);
  CHECK(full.code() == StatusCode::kOverloaded);
  CHECK(f.session->AllocateResult(~u64{0}).status().code() ==
        StatusCode::kOverloaded);
  CHECK(f.session->AllocateResult(0).status().code() ==
        StatusCode::kBadRequest);
  CHECK(f.commons->data->capacity_bytes() == 128 * kKiB);  // it has grown
  f.session.reset();
  CHECK(f.commons->data->used_bytes() == 0);
}

TEST_CASE("Session: giving back what it does not hold is a violation") {
  Fixture f;
  ReturnRingProducer ring = f.ClientRing();
  const auto result = f.session->AllocateResult(64);
  REQUIRE(result.ok());
  SECTION("twice") {
    ring.Return(*result);
    ring.Return(*result);
  }
  SECTION("inside a result") { ring.Return(*result + 8); }
  SECTION("its own memory") { ring.Return(ShmPtr::At(kMainSegment, 0)); }
  SECTION("null") { ring.Return(ShmPtr::Null()); }
  f.session->DrainReturns();
  CHECK(f.session->cut_off());
  CHECK(f.cut_off_id == 5);
}

TEST_CASE("Session: FreeResult takes back what nobody saw") {
  Fixture f;
  const auto result = f.session->AllocateResult(64);
  REQUIRE(result.ok());
  CHECK(f.session->FreeResult(*result).ok());
  CHECK(f.session->FreeResult(*result).code() == StatusCode::kBadRequest);
  CHECK(f.session->result_bytes() == 0);
}

TEST_CASE("Session: tasks in flight are bounded") {
  Fixture f;
  CHECK(f.session->BeginTask());
  CHECK(f.session->BeginTask());
  CHECK(f.session->BeginTask());
  CHECK_FALSE(f.session->BeginTask());
  CHECK(f.session->tasks_in_flight() == 3);
  f.session->EndTask();
  CHECK(f.session->BeginTask());
}

TEST_CASE("Session: readers see segments that are added meanwhile whole") {
  Fixture f;
  std::atomic<bool> stop{false};
  std::atomic<u64> seen{0};
  std::thread reader([&] {
    while (!stop) {
      for (u16 id = 3; id < 20; ++id) {
        const char* at = f.session->Resolve(ShmPtr::At(id, 4095), 1);
        if (at != nullptr && *at == 0) ++seen;
      }
    }
  });
  for (int i = 0; i < 17; ++i) {
    CHECK(f.session->AddSegment(SegmentKind::kMain, 4096).ok());
  }
  CHECK(f.session->num_segments() == 19);
  stop = true;
  reader.join();
}

TEST_CASE("Session: results of many threads are all accounted for") {
  Fixture f;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const auto result = f.session->AllocateResult(256);
        if (!result.ok() || !f.session->FreeResult(*result).ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(f.commons->data->used_bytes() == 0);
}

TEST_CASE("Session: emptying an eventfd never blocks") {
  Fixture f;
  const int fd = f.session->worker_eventfd(1);
  // What a hostile client can do: it shares the open file.
  REQUIRE(fcntl(fd, F_SETFL, 0) == 0);
  Session::TakeWakeups(fd);
  const u64 one = 1;
  REQUIRE(write(fd, &one, sizeof(one)) == sizeof(one));
  Session::TakeWakeups(fd);
  REQUIRE(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
  u64 count;
  CHECK(read(fd, &count, sizeof(count)) == -1);
}

TEST_CASE("RuntimeData: grows to its bound and takes back only its own") {
  Fixture f;
  RuntimeData& data = *f.commons->data;
  CHECK(data.Allocate(0).status().code() == StatusCode::kBadRequest);
  CHECK(data.Allocate(~u64{0}).status().code() == StatusCode::kNoMemory);
  CHECK(data.Allocate(256 * kKiB).status().code() == StatusCode::kNoMemory);
  const auto large = data.Allocate(100 * kKiB);  // more than one step
  REQUIRE(large.ok());
  CHECK(f.session->Resolve(*large, 100 * kKiB) != nullptr);
  CHECK(data.Free(*large + 64).code() == StatusCode::kBadRequest);
  CHECK(data.Free(ShmPtr::At(1, 0)).code() == StatusCode::kBadRequest);
  CHECK(data.Free(*large).ok());
  CHECK(data.Free(*large).code() == StatusCode::kBadRequest);
  CHECK(data.used_bytes() == 0);
}

}  // namespace
}  // namespace chi::test
