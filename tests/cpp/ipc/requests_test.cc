// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Requests of an admitted client, with numbers good and hostile.

#include <unistd.h>

#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/ipc/control_client.h"
#include "chimaera/shm/ring_queue.h"
#include "ipc/session_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr u64 kRingAt = kMainHeapOffset;

struct Connected : TestServer {
  explicit Connected(ControlServerOptions options = SmallOptions())
      : TestServer(options) {
    auto connected = ControlClient::Connect(dir());
    CHI_CHECK_OK(connected.status());
    client = std::move(connected).value();
  }
  /// Attaches a ring of 16 slots and returns the server's session.
  std::shared_ptr<Session> ServerSession() {
    CHI_CHECK(
        client->AttachRing(0, ShmPtr::At(kMainSegment, kRingAt), 16, 1).ok());
    return events.last_session();
  }

  std::unique_ptr<ControlClient> client;
};

TEST_CASE("Grow: a segment is shared by both sides") {
  Connected test;
  const auto grown = test.client->Grow(SegmentKind::kClientData, 100'000);
  REQUIRE(grown.status().ToString() == "OK");
  CHECK(grown->id == 3);
  CHECK(grown->size == 102'400);  // whole pages
  grown->base[99'999] = 'x';
  const auto session = test.ServerSession();
  const char* seen = session->Resolve(ShmPtr::At(3, 99'999), 1);
  REQUIRE(seen != nullptr);
  CHECK(*seen == 'x');
  CHECK(test.client->Resolve(ShmPtr::At(3, 102'399), 1) != nullptr);
  CHECK(test.client->Resolve(ShmPtr::At(3, 102'399), 2) == nullptr);
}

TEST_CASE("Grow: hostile numbers are refused and the session lives on") {
  Connected test;
  constexpr u64 kMax = std::numeric_limits<u64>::max();
  for (const u64 bytes : {u64{0}, kMax, kMax - 4095, kMax / 2, u64{1} << 48,
                          4 * kMiB, 4 * kMiB - 512 * kKiB + 1}) {
    INFO(bytes);
    CHECK(test.client->Grow(SegmentKind::kMain, bytes).status().code() ==
          StatusCode::kOverloaded);
  }
  for (const u32 kind : {0u, 3u, 4u, 0xffffffffu}) {
    CHECK(test.client->Grow(static_cast<SegmentKind>(kind), 4096)
              .status()
              .code() == StatusCode::kBadRequest);
  }
  CHECK(test.client->Grow(SegmentKind::kMain, 4096).ok());
}

TEST_CASE("Grow: segments above the limit are refused") {
  Connected test;
  for (int i = 0; i < 4; ++i) {
    REQUIRE(test.client->Grow(SegmentKind::kMain, 4096).ok());
  }
  const Status more = test.client->Grow(SegmentKind::kMain, 4096).status();
  CHECK(more.code() == StatusCode::kOverloaded);
  CHECK(more.message().find("6 of 6") != std::string_view::npos);
}

TEST_CASE("AttachRing: the owner gets the ring where the client made it") {
  Connected test;
  const auto worker =
      test.client->AttachRing(1, ShmPtr::At(kMainSegment, kRingAt), 64, 4711);
  REQUIRE(worker.status().ToString() == "OK");
  CHECK(*worker == 0);
  const auto rings = test.events.rings();
  REQUIRE(rings.size() == 1);
  CHECK(rings[0].priority == 1);
  CHECK(rings[0].capacity == 64);
  CHECK(rings[0].tid == 4711);
  CHECK(rings[0].pid == getpid());
  test.client->main_segment().base[kRingAt] = 'r';
  CHECK(*rings[0].memory == 'r');
}

TEST_CASE("AttachRing: hostile numbers are refused") {
  Connected test;
  const u64 size = test.client->main_segment().size;
  const u64 ring64 = RingLayout<>::BytesFor(64);
  const auto attempt = [&](u32 priority, ShmPtr at, u32 capacity) {
    return test.client->AttachRing(priority, at, capacity, 1).status().code();
  };
  const auto main = [](u64 offset) { return ShmPtr::At(kMainSegment, offset); };
  constexpr StatusCode kBad = StatusCode::kBadRequest;
  CHECK(attempt(2, main(kRingAt), 64) == kBad);
  CHECK(attempt(~0u, main(kRingAt), 64) == kBad);
  for (const u32 capacity : {0u, 3u, 63u, 2048u, 1u << 31, ~0u}) {
    CHECK(attempt(0, main(kRingAt), capacity) == kBad);
  }
  CHECK(attempt(0, main(kRingAt + 8), 64) == kBad);  // not aligned
  CHECK(attempt(0, main(0), 64) == kBad);            // the header
  CHECK(attempt(0, main(kMainHeapOffset - 64), 64) == kBad);
  CHECK(attempt(0, main(size - ring64 / 64 * 64), 64) == StatusCode::kOk);
  CHECK(attempt(0, main(size - ring64 + 64), 64) == kBad);  // over the end
  CHECK(attempt(0, main(size), 64) == kBad);
  CHECK(attempt(0, main(ShmPtr::kOffsetMask - 63), 64) == kBad);
  CHECK(attempt(0, ShmPtr::At(kClientDataSegment, 0), 64) == kBad);
  CHECK(attempt(0, ShmPtr::At(kFirstRuntimeSegment, 0), 64) == kBad);
  CHECK(attempt(0, ShmPtr::At(9, 0), 64) == kBad);
  CHECK(attempt(0, ShmPtr::Null(), 64) == kBad);
  CHECK(attempt(0, ShmPtr::Private(&test), 64) == kBad);
  CHECK(test.events.rings().size() == 1);
}

TEST_CASE("AttachRing: rings above the limit and refused ones do not count") {
  Connected test;
  const ShmPtr at = ShmPtr::At(kMainSegment, kRingAt);
  test.events.RefuseRings(true);
  for (int i = 0; i < 10; ++i) {
    CHECK(test.client->AttachRing(0, at, 16, 1).status().code() ==
          StatusCode::kOverloaded);
  }
  test.events.RefuseRings(false);
  for (int i = 0; i < 4; ++i) CHECK(test.client->AttachRing(0, at, 16, 1).ok());
  CHECK(test.client->AttachRing(0, at, 16, 1).status().code() ==
        StatusCode::kOverloaded);
  test.server->StopAdmitting();
  CHECK(test.client->AttachRing(0, at, 16, 1).status().code() ==
        StatusCode::kRuntimeDied);
}

TEST_CASE("Resolve: a runtime-wide segment is mapped when first used") {
  Connected test;
  auto device = Segment::Create("chimaera-test-device", 64 * kKiB,
                                SegmentSeal::kReadOnlyForOthers);
  REQUIRE(device.ok());
  RuntimeSegments& segments = test.server->runtime_segments();
  const auto id =
      segments.Register(device->fd(), device->data(), device->size());
  REQUIRE(id.ok());
  device->data()[100] = 'd';
  const char* seen = test.client->Resolve(ShmPtr::At(*id, 100), 1);
  REQUIRE(seen != nullptr);
  CHECK(*seen == 'd');
  CHECK(test.client->Resolve(ShmPtr::At(*id, 64 * kKiB), 1) == nullptr);
  CHECK(test.client->Resolve(ShmPtr::At(0x9999, 0), 1) == nullptr);
  CHECK(test.client->Resolve(ShmPtr::Null(), 0) == nullptr);
  CHECK(segments.Unregister(*id).ok());
  CHECK(segments.Unregister(*id).code() == StatusCode::kNotFound);
  const auto next =
      segments.Register(device->fd(), device->data(), device->size());
  REQUIRE(next.ok());
  CHECK(*next != *id);  // an id is never used twice
}

TEST_CASE("RuntimeSegments: a segment that clients could write is refused") {
  Connected test;
  auto open = Segment::Create("open", 4096, SegmentSeal::kShared);
  REQUIRE(open.ok());
  CHECK(test.server->runtime_segments()
            .Register(open->fd(), open->data(), open->size())
            .status()
            .code() == StatusCode::kBadRequest);
}

TEST_CASE("Requests: a wrong message ends the session with a reason") {
  TestServer test;
  const auto attempt = [&](const void* bytes, u32 size) {
    RawClient client(test.dir());
    client.Send(GoodHello());
    REQUIRE(client.Receive().As<Welcome>() != nullptr);
    client.Send(bytes, size);
    CHECK(client.ReceiveStatus().code() == StatusCode::kProtocolViolation);
    CHECK(client.IsClosed());
  };
  const Hello second = GoodHello();
  attempt(&second, sizeof(second));
  GrowSegmentRequest grow;
  grow.header.kind = static_cast<u32>(MessageKind::kGrowSegment);
  attempt(&grow, sizeof(grow) - 1);
  attempt(&grow, 4);
  const std::string garbage(512, 'g');
  attempt(garbage.data(), 512);
  CHECK(WaitUntil([&] { return test.events.gone().size() == 4; }));
  CHECK(test.server->stats().cut_off == 4);
}

TEST_CASE("Requests: a client that reads no replies is closed, others served") {
  Connected witness;
  RawClient deaf(witness.dir());
  deaf.Send(GoodHello());
  REQUIRE(deaf.Receive().As<Welcome>() != nullptr);
  GetRuntimeSegmentRequest request;
  request.header.kind = static_cast<u32>(MessageKind::kGetRuntimeSegment);
  CHECK(WaitUntil([&] {
    deaf.Send(request);
    return !witness.events.gone().empty();
  }));
  CHECK(witness.client->Grow(SegmentKind::kMain, 4096).ok());
}

TEST_CASE("Violation: the session is cut off once and its client told") {
  Connected test;
  const auto session = test.ServerSession();
  session->Violation(Status::BadRequest("test"));
  session->Violation(Status::BadRequest("test"));
  CHECK(session->cut_off());
  CHECK(WaitUntil([&] { return !test.client->CheckSession().ok(); }));
  CHECK(WaitUntil([&] { return test.events.gone().size() == 1; }));
  CHECK_FALSE(test.client->Grow(SegmentKind::kMain, 4096).ok());
  CHECK(test.server->stats().cut_off == 1);
}

TEST_CASE("CloseSession: ends a session, and none if it is unknown") {
  Connected test;
  test.server->CloseSession(9999, "no such session");
  test.server->CloseSession(test.client->session_id(), "test");
  CHECK(WaitUntil([&] { return test.events.gone().size() == 1; }));
  CHECK(test.client->CheckSession().code() == StatusCode::kStale);
}

TEST_CASE("Requests: many threads of a client share its connection") {
  Connected test;
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      if (test.client->Grow(SegmentKind::kMain, 4096).ok()) ++good;
      for (int k = 0; k < 50; ++k) {
        if (test.client->Resolve(ShmPtr::At(kMainSegment, 64), 8)) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 4 + 4 * 50);
}

TEST_CASE("Post: runs in order on the service thread") {
  Connected test;
  std::atomic<int> last{0};
  std::atomic<int> out_of_order{0};
  for (int i = 1; i <= 100; ++i) {
    REQUIRE(test.server->Post([&, i] {
      if (last.load() != i - 1) ++out_of_order;
      last = i;
    }));
  }
  CHECK(WaitUntil([&] { return last == 100; }));
  CHECK(out_of_order == 0);
}

}  // namespace
}  // namespace chi::test
