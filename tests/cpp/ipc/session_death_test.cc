// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Clients that die in ways that a socket's end or a process number would not
// tell, and what the runtime has back afterwards. The clients are other
// processes; the server runs here, so that its descriptors and mappings can be
// counted.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chimaera/ipc/control_client.h"
#include "ipc/session_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

/// What sessions cost this process.
struct Footprint {
  u64 fds = CountOpenFds();
  u64 mappings = CountMappings("memfd:chimaera-");
  bool operator==(const Footprint& other) const {
    return fds == other.fds && mappings == other.mappings;
  }
};

TEST_CASE("Death: a killed client's memory comes back") {
  TestServer test;
  const Footprint before;
  constexpr u64 kClients = 8;
  std::vector<std::unique_ptr<PeerProcess>> peers;
  for (u64 i = 0; i < kClients; ++i) {
    peers.push_back(std::make_unique<PeerProcess>(
        std::vector<std::string>{"hold", test.dir()}));
    REQUIRE(peers.back()->ReadLine() == "OK");
  }
  CHECK(CountMappings("memfd:chimaera-") == before.mappings + 2 * kClients);
  for (const auto& peer : peers) peer->Kill();
  CHECK(WaitUntil([&] { return test.events.gone().size() == kClients; }));
  peers.clear();
  CHECK(WaitUntil([&] { return Footprint() == before; }));
  CHECK(test.server->stats().sessions == 0);
}

TEST_CASE("Death: a session that a worker holds is freed when it lets go") {
  TestServer test;
  const Footprint before;
  auto client = ControlClient::Connect(test.dir());
  REQUIRE(client.ok());
  REQUIRE((*client)
              ->AttachRing(0, ShmPtr::At(kMainSegment, kMainHeapOffset), 16, 1)
              .ok());
  std::shared_ptr<Session> held = test.events.last_session();
  test.events.ForgetSession();
  const auto result = held->AllocateResult(1000);
  REQUIRE(result.ok());
  client->reset();
  CHECK(WaitUntil([&] { return test.events.gone().size() == 1; }));
  CHECK(held->Resolve(ShmPtr::At(kMainSegment, 0), 8) != nullptr);
  held.reset();
  CHECK(WaitUntil([&] { return Footprint() == before; }));
  CHECK(test.server->runtime_data().used_bytes() == 0);
}

TEST_CASE("Death: a child of the client that keeps the socket hides nothing") {
  TestServer test;
  PeerProcess parent({"fork-hold", test.dir()});
  // The child has spoken: it lives, and its copy of the client refuses.
  CHECK(parent.ReadLine().rfind("Forked", 0) == 0);
  parent.Kill();
  CHECK(WaitUntil([&] { return test.events.gone().size() == 1; }));
}

TEST_CASE("Death: a forked child that exits leaves its parent's session") {
  TestServer test;
  PeerProcess parent({"fork-exit", test.dir()});
  // The child has destroyed its copy of the client and exited; the parent then
  // used its own.
  CHECK(parent.ReadLine() == "OK");
  CHECK(test.events.gone().empty());
  parent.CloseInput();
  CHECK(WaitUntil([&] { return test.events.gone().size() == 1; }));
}

TEST_CASE("Death: a client that nobody reaps is noticed") {
  TestServer test;
  const Footprint before;
  auto peer = std::make_unique<PeerProcess>(
      std::vector<std::string>{"hold", test.dir()});
  REQUIRE(peer->ReadLine() == "OK");
  peer->Kill();
  CHECK(WaitUntil([&] { return test.events.gone().size() == 1; }));
  // It is a zombie still: its number would call it alive.
  CHECK(kill(peer->pid(), 0) == 0);
  peer.reset();
  CHECK(WaitUntil([&] { return Footprint() == before; }));
}

TEST_CASE("Death: a stopped client keeps its session and holds up nobody") {
  TestServer test;
  PeerProcess stopped({"hold", test.dir()});
  REQUIRE(stopped.ReadLine() == "OK");
  REQUIRE(kill(stopped.pid(), SIGSTOP) == 0);
  CHECK(ControlClient::Connect(test.dir()).ok());
  CHECK(test.server->stats().sessions >= 1);
  REQUIRE(kill(stopped.pid(), SIGCONT) == 0);
  stopped.CloseInput();
  CHECK(WaitUntil([&] { return test.events.gone().size() == 2; }));
}

TEST_CASE("Death: clients killed while they connect leave nothing") {
  TestServer test;
  const Footprint before;
  for (int i = 0; i < 30; ++i) {
    PeerProcess peer({"hold", test.dir()});
    // Each a little later in its life than the one before.
    static_cast<void>(WaitUntil([] { return false; }, u64(i) * 200'000));
    peer.Kill();
  }
  CHECK(WaitUntil([&] { return test.server->stats().sessions == 0; }));
  CHECK(WaitUntil([&] { return Footprint() == before; }));
  CHECK(ControlClient::Connect(test.dir()).ok());
}

TEST_CASE("Death: a server that stops gives everything back") {
  const Footprint before;
  {
    TestServer test;
    PeerProcess peer({"hold", test.dir()});
    REQUIRE(peer.ReadLine() == "OK");
    test.server->Stop();
    test.server->Stop();
    CHECK(test.events.gone().size() == 1);
  }
  CHECK(Footprint() == before);
}

}  // namespace
}  // namespace chi::test
