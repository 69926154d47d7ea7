// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What can be done with the control socket and the descriptors that come over
// it, without a task:
//
//   --part hellos  first messages of other versions, other layouts, wrong
//                  sizes and noise. Each is refused in words, before anything
//                  is handed out.
//   --part seals   the descriptors of a session resized, resealed, mapped
//                  writable where they must not be, punched full of holes.

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/ipc/abi.h"
#include "harness.h"
#include "ipc/control_socket.h"
#include "witness.h"

namespace chi::stress {
namespace {

Hello GoodHello() {
  Hello hello;
  hello.header.kind = static_cast<u32>(MessageKind::kHello);
  hello.abi_hash = AbiHash();
  hello.sizes = ThisAbiSizes();
  hello.pid = getpid();
  return hello;
}

// The answer to these bytes; false if the daemon closes without one.
bool Ask(const std::string& dir, const void* bytes, u32 size, UniqueFd* socket,
         Packet* packet) {
  auto connected = ConnectIn(dir, 10 * kNsPerSec);
  CHI_CHECK_OK(connected.status());
  *socket = *std::move(connected);
  if (size > 0) static_cast<void>(SendPacket(socket->get(), bytes, size));
  pollfd wait = {socket->get(), POLLIN, 0};
  if (poll(&wait, 1, 20'000) != 1) return false;
  return ReceivePacket(socket->get(), true, packet) == ReceiveResult::kPacket;
}

// ---- hellos ----

struct Doctored {
  Hello hello = GoodHello();
  u32 size = sizeof(Hello);
  bool version = true;  ///< Must be refused as kVersionMismatch.
};

constexpr u32 kDoctored = 12;

Doctored Doctor(u64 kind, SeededRandom& random) {
  Doctored made;
  Hello& hello = made.hello;
  const u32 change = 1 + static_cast<u32>(random.Below(1000));
  u32* const words[] = {&hello.protocol_major, &hello.protocol_minor,
                        &hello.sizes.task,     &hello.sizes.string,
                        &hello.sizes.vector,   &hello.sizes.ring_slot,
                        &hello.sizes.page,     &hello.sizes.cache_line};
  if (kind < std::size(words)) {
    *words[kind] += change;
    return made;
  }
  switch (kind) {
    case 8:
      hello.abi_hash ^= u64{1} << random.Below(64);
      return made;
    case 9:
      hello.magic ^= u64{1} << random.Below(64);
      break;
    case 10:
      hello.pid += static_cast<i32>(change);
      break;
    default:
      for (u64 at = 0; at < sizeof(Hello); at += 8) {
        const u64 word = random.Next();
        std::memcpy(reinterpret_cast<char*>(&hello) + at, &word, 8);
      }
      made.size = 1 + static_cast<u32>(random.Below(sizeof(Hello)));
  }
  made.version = false;
  return made;
}

void SendHellos(const Daemon& daemon, SeededRandom& random, Summary* summary) {
  for (u64 i = 0; summary->done < summary->asked && summary->failures == 0;
       ++i) {
    const Doctored made = Doctor(i % kDoctored, random);
    UniqueFd socket;
    Packet packet;
    if (!Ask(daemon.dir(), &made.hello, made.size, &socket, &packet)) {
      summary->Fail(Format("no answer to hello {}", i % kDoctored));
      continue;
    }
    const Reply* reply = packet.As<Reply>();
    const Status why = reply == nullptr ? Status() : StatusOf(*reply);
    const bool right =
        !why.ok() && packet.fds.empty() && !why.message().empty() &&
        made.version == (why.code() == StatusCode::kVersionMismatch);
    summary->Expect(right, Format("hello {}: {}, {} descriptors", i % kDoctored,
                                  why, packet.fds.size()));
    if (right) ++summary->done;
  }
}

// ---- seals ----

// A session by hand: the descriptors as they came.
bool TakeDescriptors(const Daemon& daemon, UniqueFd* socket, Packet* packet) {
  const Hello hello = GoodHello();
  return Ask(daemon.dir(), &hello, sizeof(hello), socket, packet) &&
         packet->As<Welcome>() != nullptr;
}

bool CanMapWritable(int fd, u64 size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return false;
  munmap(memory, size);
  return true;
}

// Everything that must fail for the memfd `fd`; how many of them did.
u64 AbuseSegment(int fd, bool ours, Summary* summary) {
  struct stat info = {};
  CHI_CHECK(fstat(fd, &info) == 0);
  const u64 size = static_cast<u64>(info.st_size);
  u64 refused = 0;
  const auto must_fail = [&](bool happened, const char* what) {
    if (happened) {
      summary->Fail(Format("{} of a {} segment succeeded", what,
                           ours ? "client's" : "runtime's"));
    } else {
      ++refused;
    }
  };
  must_fail(ftruncate(fd, 0) == 0, "ftruncate to 0");
  must_fail(ftruncate(fd, 2 * info.st_size) == 0, "ftruncate to more");
  must_fail(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0, "another seal");
  must_fail(fallocate(fd, 0, info.st_size, 4096) == 0, "growing");
  if (ours) {
    // Allowed: the client's own bytes become zeros, under its own feet.
    const bool punched =
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                  info.st_size) == 0;
    summary->Expect(punched, "a client may forget its own memory");
    return refused;
  }
  must_fail(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                      info.st_size) == 0,
            "punching a hole");
  must_fail(CanMapWritable(fd, size), "mapping for writing");
  const UniqueFd again(
      open(Format("/proc/self/fd/{}", fd).c_str(), O_RDWR | O_CLOEXEC));
  must_fail(again.valid() && CanMapWritable(again.get(), size),
            "mapping for writing after opening again");
  char byte = 1;
  must_fail(pwrite(fd, &byte, 1, 0) == 1, "pwrite");
  must_fail(again.valid() && pwrite(again.get(), &byte, 1, 0) == 1,
            "pwrite after opening again");
  return refused;
}

void AbuseSession(const Daemon& daemon, Summary* summary) {
  UniqueFd socket;
  Packet packet;
  if (!TakeDescriptors(daemon, &socket, &packet)) {
    return summary->Fail("no session");
  }
  const Welcome welcome = *packet.As<Welcome>();
  // Control page; main and client data; runtime data; eventfds.
  const u64 segments = 3 + welcome.num_runtime_segments;
  for (u64 i = 0; i < segments; ++i) {
    summary->done +=
        AbuseSegment(packet.fds[i].get(), i == 1 || i == 2, summary);
  }
  // The eventfd is shared with the daemon, which must never block on it.
  const int wake = packet.fds[segments].get();
  fcntl(wake, F_SETFL, fcntl(wake, F_GETFL) & ~O_NONBLOCK);
  const u64 many = ~u64{0} - 1;
  static_cast<void>(!write(wake, &many, sizeof(many)));
  // Descriptors that nobody asked for, on the socket.
  GetRuntimeSegmentRequest request;
  request.header.kind = static_cast<u32>(MessageKind::kGetRuntimeSegment);
  request.id = kFirstRuntimeSegment;
  static_cast<void>(SendPacket(socket.get(), &request, sizeof(request),
                               {wake, packet.fds[0].get()}));
}

int Run(const Args& args) {
  const bool hellos = args.Text("part") == "hellos";
  Summary summary;
  summary.name = hellos ? "forge_hellos" : "forge_seals";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  Daemon daemon;
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  Witnesses witness(daemon.dir(), 1);
  summary.Expect(witness.AwaitWarm(), "the witness did not get going");
  summary.begin_ns = NowNs();
  SeededRandom random(summary.seed);
  if (hellos) {
    SendHellos(daemon, random, &summary);
  } else {
    while (summary.done < summary.asked && summary.failures == 0) {
      AbuseSession(daemon, &summary);
    }
  }
  summary.end_ns = NowNs();
  witness.Stop(&summary);
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run(
      {argc, argv, {{"seed", "1"}, {"count", "600"}, {"part", "hellos"}}});
}
