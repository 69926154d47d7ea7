// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who gets in, and what a stranger who does not speak the protocol gets.

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "chimaera/ipc/abi.h"
#include "chimaera/ipc/control_client.h"
#include "ipc/session_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr char kNobody[] = "65534";

bool Mentions(const Status& status, const std::string& text) {
  return status.message().find(text) != std::string_view::npos;
}

/// Sends a Hello that `doctor` has changed; what the server says to it.
template <typename Doctor>
Status TryHello(const std::string& dir, Doctor doctor) {
  RawClient client(dir);
  Hello hello = GoodHello();
  doctor(hello);
  client.Send(hello);
  const Status said = client.ReceiveStatus();
  CHECK(client.IsClosed());
  return said;
}

TEST_CASE("Handshake: two clients get memory of their own") {
  TestServer test;
  const auto first = ControlClient::Connect(test.dir());
  const auto second = ControlClient::Connect(test.dir());
  REQUIRE(first.status().ToString() == "OK");
  REQUIRE(second.status().ToString() == "OK");
  ControlClient& a = **first;
  ControlClient& b = **second;
  CHECK(a.session_id() != b.session_id());
  CHECK(a.incarnation() == test.server->incarnation());
  CHECK(a.num_workers() == 2);
  CHECK(a.page().pid == getpid());
  CHECK(a.Check().ok());
  CHECK(a.CheckSession().ok());
  const OwnedSegment main = a.main_segment();
  REQUIRE(main.size == 256 * kKiB);
  CHECK(a.Resolve(ShmPtr::At(kMainSegment, 40000), 8) == main.base + 40000);
  a.main_segment().base[50000] = 'a';
  b.main_segment().base[50000] = 'b';
  CHECK(a.main_segment().base[50000] == 'a');
  CHECK(test.server->stats().sessions == 2);
}

TEST_CASE("Handshake: a client that is destroyed says goodbye") {
  TestServer test;
  { const auto client = ControlClient::Connect(test.dir()); }
  CHECK(WaitUntil([&] { return test.events.gone().size() == 1; }));
  CHECK(test.server->stats().sessions == 0);
  CHECK(test.server->stats().cut_off == 0);
}

TEST_CASE("Handshake: another build is refused in words") {
  TestServer test;
  const Status results[] = {
      TryHello(test.dir(), [](Hello& h) { h.protocol_major = 2; }),
      TryHello(test.dir(), [](Hello& h) { h.protocol_minor = 9; }),
      TryHello(test.dir(), [](Hello& h) { h.abi_hash ^= 1; }),
      TryHello(test.dir(), [](Hello& h) { h.sizes.task = 320; }),
      TryHello(test.dir(), [](Hello& h) { h.sizes.page = 65536; }),
      TryHello(test.dir(), [](Hello& h) { h.sizes.cache_line = 128; }),
      TryHello(test.dir(), [](Hello& h) { h.sizes.string = 32; }),
      TryHello(test.dir(), [](Hello& h) { h.sizes.vector = 24; }),
      TryHello(test.dir(), [](Hello& h) { h.sizes.ring_slot = 8; }),
  };
  for (const Status& result : results) {
    INFO(result);
    CHECK(result.code() == StatusCode::kVersionMismatch);
    CHECK(Mentions(result, "have "));
    CHECK(Mentions(result, "want "));
  }
  CHECK(Mentions(results[0], "have protocol 1.0 (runtime), want 2.0"));
  CHECK(Mentions(results[3], "a task of 256 bytes (runtime), want 320"));
  CHECK(test.server->stats().refused == 9);
}

TEST_CASE("Handshake: a newer client's longer hello is still understood") {
  TestServer test;
  RawClient client(test.dir());
  char longer[200] = {};
  Hello hello = GoodHello();
  hello.protocol_major = 3;
  std::memcpy(longer, &hello, sizeof(hello));
  client.Send(longer, sizeof(longer));
  CHECK(client.ReceiveStatus().code() == StatusCode::kVersionMismatch);
}

TEST_CASE("Handshake: what is no hello is refused before anything is given") {
  TestServer test;
  const auto attempt = [&](const void* bytes, u32 size) {
    RawClient client(test.dir());
    client.Send(bytes, size);
    const Packet packet = client.Receive();
    CHECK(packet.fds.empty());
    const Reply* reply = packet.As<Reply>();
    REQUIRE(reply != nullptr);
    CHECK(StatusOf(*reply).code() == StatusCode::kProtocolViolation);
    CHECK(client.IsClosed());
  };
  const std::string garbage(300, '\xa5');
  attempt(garbage.data(), 300);
  attempt(garbage.data(), 1);
  attempt(garbage.data(), 24);
  const std::string huge(100'000, 'x');
  attempt(huge.data(), 100'000);
  Hello hello = GoodHello();
  attempt(&hello, sizeof(hello) - 1);  // half a message
  attempt(&hello, 24);
  std::string padded(reinterpret_cast<const char*>(&hello), sizeof(hello));
  padded.resize(600);
  attempt(padded.data(), 600);
  hello.magic ^= 1;
  attempt(&hello, sizeof(hello));
  hello = GoodHello();
  hello.header.kind = static_cast<u32>(MessageKind::kGrowSegment);
  attempt(&hello, sizeof(hello));
  CHECK(ControlClient::Connect(test.dir()).ok());
}

TEST_CASE("Handshake: descriptors that a client sends are thrown away") {
  TestServer test;
  const u64 before = CountOpenFds();
  {
    RawClient client(test.dir());
    const Hello hello = GoodHello();
    client.Send(&hello, sizeof(hello), {0, 1, 2});
    CHECK(client.ReceiveStatus().code() == StatusCode::kProtocolViolation);
  }
  CHECK(WaitUntil([&] { return CountOpenFds() == before; }));
}

TEST_CASE("Handshake: a hello that names another process is refused") {
  TestServer test;
  for (const i32 pid : {0, -1, 1, getpid() + 1}) {
    const Status said = TryHello(test.dir(), [&](Hello& h) { h.pid = pid; });
    INFO(said);
    CHECK(said.code() == StatusCode::kPermissionDenied);
    CHECK(Mentions(said, "not supported"));
  }
}

TEST_CASE("Handshake: who says nothing is closed after the timeout") {
  ControlServerOptions options = SmallOptions();
  options.handshake_timeout_ns = 20 * kNsPerMs;
  TestServer test(options);
  RawClient client(test.dir());
  CHECK(client.ReceiveStatus().code() == StatusCode::kDeadlineExceeded);
  CHECK(client.IsClosed());
}

TEST_CASE("Handshake: connections without a hello cannot crowd others out") {
  ControlServerOptions options = SmallOptions();
  options.max_handshakes = 3;
  TestServer test(options);
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 10; ++i) {
    silent.push_back(std::make_unique<RawClient>(test.dir()));
  }
  CHECK(silent.back()->ReceiveStatus().code() == StatusCode::kOverloaded);
  CHECK(ControlClient::Connect(test.dir()).status().code() ==
        StatusCode::kOverloaded);
  silent.clear();
  CHECK(WaitUntil([&] { return ControlClient::Connect(test.dir()).ok(); }));
}

TEST_CASE("Handshake: sessions above the limit are refused") {
  ControlServerOptions options = SmallOptions();
  options.max_sessions = 1;
  TestServer test(options);
  auto first = ControlClient::Connect(test.dir());
  REQUIRE(first.ok());
  const Status second = ControlClient::Connect(test.dir()).status();
  CHECK(second.code() == StatusCode::kOverloaded);
  CHECK(Mentions(second, "1 of 1 sessions"));
}

TEST_CASE("Handshake: a runtime that stops admits nobody") {
  TestServer test;
  const auto client = ControlClient::Connect(test.dir());
  REQUIRE(client.ok());
  test.server->StopAdmitting();
  CHECK(ControlClient::Connect(test.dir()).status().code() ==
        StatusCode::kRuntimeDied);
  CHECK((*client)->Check().ok());
  test.server->Stop();
  CHECK((*client)->Check().code() == StatusCode::kRuntimeDied);
  CHECK(ControlClient::Connect(test.dir()).status().code() ==
        StatusCode::kNoRuntime);
  CHECK(test.events.gone().size() == 1);
  CHECK_FALSE(test.server->Post([] {}));
}

TEST_CASE("Handshake: clients wait until the owner admits them") {
  ControlServerOptions options = SmallOptions();
  options.admit_at_once = false;
  TestServer test(options);
  RawClient early(test.dir());
  early.Send(GoodHello());
  CHECK(ControlClient::Connect(test.dir(), kNsPerMs).status().code() ==
        StatusCode::kDeadlineExceeded);
  test.server->Admit();
  CHECK(early.Receive().As<Welcome>() != nullptr);
}

TEST_CASE("Handshake: no runtime is an error that says how to start one") {
  const TempDir temp;
  const Status status = ControlClient::Connect(temp.path()).status();
  CHECK(status.code() == StatusCode::kNoRuntime);
  CHECK(Mentions(status, "chimaera start"));
  CHECK(Mentions(status, temp.path()));
  CHECK(ControlClient::Connect(temp / "none").status().code() ==
        StatusCode::kNoRuntime);
}

TEST_CASE("Handshake: a long directory name works") {
  TempDir temp;
  std::string dir = temp.path();
  for (int i = 0; i < 3; ++i) {
    dir += "/" + std::string(60, 'd');
    REQUIRE(mkdir(dir.c_str(), 0700) == 0);
  }
  ControlServerOptions options = SmallOptions();
  options.runtime_dir = dir;
  RecordingEvents events;
  const auto server = ControlServer::Start(options, events);
  REQUIRE(server.status().ToString() == "OK");
  CHECK(ControlClient::Connect(dir).status().ToString() == "OK");
}

TEST_CASE("Handshake: another user is kept out") {
  if (geteuid() != 0) return;  // only root can become another user
  TestServer test;
  SECTION("by the directory") {
    PeerProcess peer({"as", kNobody, test.dir()});
    CHECK(peer.ReadLine().rfind("PermissionDenied", 0) == 0);
  }
  SECTION("by the socket") {
    REQUIRE(chmod(test.dir().c_str(), 0711) == 0);
    struct stat socket;
    REQUIRE(stat((test.dir() + "/control.sock").c_str(), &socket) == 0);
    CHECK((socket.st_mode & 0777) == 0600);
    PeerProcess peer({"as", kNobody, test.dir()});
    CHECK(peer.ReadLine().rfind("PermissionDenied", 0) == 0);
  }
  CHECK(test.server->stats().sessions_total == 0);
}

TEST_CASE("Handshake: another user who gets at the socket is told off") {
  if (geteuid() != 0) return;
  TestServer test;
  REQUIRE(chmod(test.dir().c_str(), 0711) == 0);
  REQUIRE(chmod((test.dir() + "/control.sock").c_str(), 0666) == 0);
  PeerProcess peer({"as-raw", kNobody, test.dir()});
  const std::string line = peer.ReadLine();
  INFO(line);
  CHECK(line.rfind("PermissionDenied", 0) == 0);
  CHECK(line.find("not user 65534") != std::string::npos);
  CHECK(line.find("0 descriptors") != std::string::npos);
  CHECK(test.server->stats().refused == 1);
}

TEST_CASE("Handshake: a client cannot write the control page") {
  TestServer test;
  RawClient client(test.dir());
  client.Send(GoodHello());
  const Packet packet = client.Receive();
  REQUIRE(packet.As<Welcome>() != nullptr);
  REQUIRE(packet.fds.size() == 3 + 1 + 2);
  for (const size_t index : {0, 3}) {  // the page, and runtime data
    const int fd = packet.fds[index].get();
    CHECK(mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    char byte = 1;
    CHECK(pwrite(fd, &byte, 1, 0) == -1);
    CHECK(ftruncate(fd, 0) == -1);
    const std::string again = "/proc/self/fd/" + std::to_string(fd);
    const UniqueFd reopened(open(again.c_str(), O_RDWR | O_CLOEXEC));
    CHECK(mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, reopened.get(), 0) ==
          MAP_FAILED);
    void* shown = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
    REQUIRE(shown != MAP_FAILED);
    CHECK(mprotect(shown, 4096, PROT_READ | PROT_WRITE) == -1);
    munmap(shown, 4096);
  }
  for (const UniqueFd& fd : packet.fds) {
    CHECK((fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(RuntimeAlive(test.server->page()));
}

TEST_CASE("AbiHash: is known when compiling") {
  constexpr u64 kHash = AbiHash();
  static_assert(kHash != 0);
  CHECK(kHash == AbiHash());
}

}  // namespace
}  // namespace chi::test
