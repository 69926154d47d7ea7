// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Methods and threads that wait for pipes and sockets.

#include "chimaera/sched/cowait.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "chimaera/base/unique_fd.h"
#include "sched/lock_harness.h"
#include "support/catch.h"
#include "support/process.h"

namespace chi::test {
namespace {

// Both ends of a connection; what goes in at one comes out at the other.
struct Sockets {
  Sockets() {
    int fds[2];
    CHI_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                         fds) == 0);
    near = UniqueFd(fds[0]);
    far = UniqueFd(fds[1]);
  }
  // Until nothing more goes in at `near`.
  void Fill() const {
    const std::vector<char> block(4096);
    while (write(near.get(), block.data(), block.size()) > 0) {
    }
  }
  UniqueFd near;
  UniqueFd far;
};

void WriteOne(const UniqueFd& fd) { CHI_CHECK(write(fd.get(), "x", 1) == 1); }

TEST_CASE("CoWait: what is ready already needs no waiting") {
  Sockets sockets;
  WriteOne(sockets.near);
  CHECK(CoWaitReadable(sockets.far.get(), 0).ok());
  CHECK(CoWaitWritable(sockets.far.get(), 0).ok());
  CHECK(CoWaitReadable(sockets.near.get(), 0).code() ==
        StatusCode::kDeadlineExceeded);
  const UniqueFd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  CHECK(CoWaitReadable(file.get(), 0).ok());
  CHECK(CoWaitReadable(-1).code() == StatusCode::kIo);
}

TEST_CASE("CoWait: a thread sleeps until there is something to read") {
  Sockets sockets;
  std::thread other([&] { WriteOne(sockets.near); });
  CHECK(CoWaitReadable(sockets.far.get()).ok());
  other.join();
}

TEST_CASE("CoWait: a method is parked until it can read, or write") {
  Sockets sockets;
  Log<StatusCode> log;
  Fleet fleet(1, [&](u64 value) {
    log.Add(value == 100 ? CoWaitReadable(sockets.near.get()).code()
                         : CoWaitWritable(sockets.near.get()).code());
  });
  sockets.Fill();
  fleet.Push(100);
  fleet.Push(200);  // waits for the same descriptor
  REQUIRE(fleet.HasParked(2));
  WriteOne(sockets.far);
  REQUIRE(fleet.Ended(1));
  REQUIRE(fleet.HasParked(1));
  std::vector<char> block(1 << 20);
  while (read(sockets.far.get(), block.data(), block.size()) > 0) {
  }
  REQUIRE(fleet.Ended(2));
  CHECK(log.Get() == std::vector<StatusCode>(2, StatusCode::kOk));
}

TEST_CASE("CoWait: all who wait for a descriptor are woken, on all workers") {
  Sockets sockets;
  std::atomic<u64> woken{0};
  Fleet fleet(2, [&](u64) {
    if (CoWaitReadable(sockets.far.get()).ok()) ++woken;
  });
  for (u64 i = 0; i < 100; ++i) fleet.Push(100 * (i + 1), i % 2);
  REQUIRE(fleet.HasParked(100));
  WriteOne(sockets.near);
  REQUIRE(fleet.Ended(100));
  CHECK(woken == 100);
}

TEST_CASE("CoWait: a worker that is never idle hears of it too") {
  Sockets sockets;
  std::atomic<bool> woken{false};
  Fleet fleet(1, [&](u64 value) {
    if (value == 100) {
      woken = CoWaitReadable(sockets.far.get()).ok();
    } else {
      while (!woken) this_task::Yield();  // the loop always has something to do
    }
  });
  fleet.Push(100);
  REQUIRE(fleet.HasParked(1));
  fleet.Push(200);
  REQUIRE(fleet.Begun(2));
  WriteOne(sockets.near);
  CHECK(fleet.Ended(2));
  CHECK(woken);
}

TEST_CASE("CoWait: the other end's end wakes up, too") {
  Sockets sockets;
  std::atomic<bool> ok{false};
  Fleet fleet(1, [&](u64) { ok = CoWaitReadable(sockets.near.get()).ok(); });
  fleet.Push(100);
  REQUIRE(fleet.HasParked(1));
  sockets.far.Reset();
  REQUIRE(fleet.Ended(1));
  CHECK(ok);
}

TEST_CASE("CoWait: a method gives up at its deadline, and may wait again") {
  ManualClock clock(1000);
  Sockets sockets;
  Log<StatusCode> log;
  Fleet fleet(
      1,
      [&](u64) {
        log.Add(CoWaitReadable(sockets.near.get(), 500).code());
        log.Add(CoWaitReadable(sockets.near.get(), 500).code());
      },
      &clock);
  fleet.Push(100);
  REQUIRE(fleet.HasParked(1));
  clock.Advance(500);
  REQUIRE(log.Reaches(1));
  REQUIRE(fleet.HasParked(1));
  WriteOne(sockets.far);
  REQUIRE(fleet.Ended(1));
  CHECK(log.Get() == std::vector<StatusCode>{StatusCode::kDeadlineExceeded,
                                             StatusCode::kOk});
}

TEST_CASE("CoWait: cancelling ends it, and no descriptor is left") {
  Sockets sockets;
  Fleet fleet(
      1, [&](u64) { static_cast<void>(CoWaitReadable(sockets.near.get())); });
  const u64 fds = CountOpenFds();
  for (u64 i = 1; i <= 10; ++i) fleet.Push(100 * i);
  REQUIRE(fleet.HasParked(10));
  CHECK(CountOpenFds() == fds + 10);
  fleet.DropClient();
  REQUIRE(fleet.Ended(10));
  for (const auto& [value, code] : fleet.thrown()) {
    CHECK(code == StatusCode::kCancelled);
  }
  CHECK(fleet.thrown().size() == 10);
  CHECK(CountOpenFds() == fds);
}

// The deadline and what is written meet as often as they like to.
TEST_CASE("CoWait: ready at the moment of the deadline") {
  Sockets sockets;
  Fleet fleet(1, [&](u64 value) {
    static_cast<void>(CoWaitReadable(sockets.far.get(), value));
    char byte = 0;
    CHI_CHECK_OK(CoWaitReadable(sockets.far.get()));
    CHI_CHECK(read(sockets.far.get(), &byte, 1) == 1);
  });
  for (u64 i = 1; i <= 500; ++i) {
    fleet.Push(i * 200);
    WriteOne(sockets.near);
    REQUIRE(fleet.Ended(i));
  }
}

}  // namespace
}  // namespace chi::test
