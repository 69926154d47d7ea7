// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Waiters learn of the end of their runtime, however it comes.

#include "chimaera/ipc/life_word.h"

#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "chimaera/ipc/control_client.h"
#include "ipc/session_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

struct PlainKernel {
  explicit PlainKernel(bool plain) { TEST_DisableFutexWaitv(plain); }
  ~PlainKernel() { TEST_DisableFutexWaitv(false); }
};

/// Waits until the outcome is more than "look again".
WaitOutcome WaitToTheEnd(const std::atomic<u32>* word, u32 expected,
                         const ControlPage* page, u64 timeout_ns = kHangNs) {
  WaitOutcome outcome;
  do {
    outcome = FutexWaitOnTask(word, expected, page, timeout_ns);
  } while (outcome == WaitOutcome::kLookAgain && word->load() == expected);
  return outcome;
}

TEST_CASE("LifeWord: says alive while held and stopped afterwards") {
  ControlPage page;
  CHECK_FALSE(RuntimeAlive(page));
  {
    const auto life = LifeWord::Take(&page);
    REQUIRE(life.ok());
    CHECK(RuntimeAlive(page));
  }
  CHECK_FALSE(RuntimeAlive(page));
  CHECK(page.life == kLifeStopped);
}

TEST_CASE("LifeWord: a killed holder is marked by the kernel") {
  auto segment =
      Segment::Create("page", kControlPageBytes, SegmentSeal::kShared);
  REQUIRE(segment.ok());
  auto* page = new (segment->data()) ControlPage();
  PeerProcess holder({"hold-life", std::to_string(segment->fd())},
                     segment->fd());
  REQUIRE(holder.ReadLine() == "OK");
  CHECK(RuntimeAlive(*page));
  holder.Kill();
  CHECK(WaitUntil([&] { return !RuntimeAlive(*page); }));
  CHECK((page->life & kLifeOwnerDied) != 0);
}

TEST_CASE("FutexWaitOnTask: comes back when the word changes") {
  const PlainKernel kernel(GENERATE(false, true));
  ControlPage page;
  const auto life = LifeWord::Take(&page);
  std::atomic<u32> word{1};
  std::thread waker([&] {
    word.store(2, std::memory_order_release);
    FutexWake(&word, 1);
  });
  CHECK(WaitToTheEnd(&word, 1, &page) == WaitOutcome::kLookAgain);
  waker.join();
  CHECK(FutexWaitOnTask(&word, 1, &page, kHangNs) == WaitOutcome::kLookAgain);
  CHECK(FutexWaitOnTask(&word, 1, nullptr, kHangNs) == WaitOutcome::kLookAgain);
}

TEST_CASE("FutexWaitOnTask: ends at its bound") {
  const PlainKernel kernel(GENERATE(false, true));
  ControlPage page;
  const auto life = LifeWord::Take(&page);
  std::atomic<u32> word{1};
  CHECK(WaitToTheEnd(&word, 1, &page, 0) == WaitOutcome::kTimedOut);
  CHECK(WaitToTheEnd(&word, 1, &page, 1'000'000) == WaitOutcome::kTimedOut);
  CHECK(WaitToTheEnd(&word, 1, nullptr, 1'000'000) == WaitOutcome::kTimedOut);
}

TEST_CASE("FutexWaitOnTask: a task done before the death is done") {
  ControlPage page;  // never alive
  std::atomic<u32> word{2};
  CHECK(FutexWaitOnTask(&word, 1, &page, kHangNs) == WaitOutcome::kLookAgain);
  CHECK(FutexWaitOnTask(&word, 2, &page, kHangNs) == WaitOutcome::kRuntimeDied);
}

TEST_CASE("FutexWaitOnTask: an orderly stop wakes every waiter") {
  const PlainKernel kernel(GENERATE(false, true));
  ControlPage page;
  auto life = LifeWord::Take(&page);
  REQUIRE(life.ok());
  std::atomic<u32> word{1};
  std::atomic<int> died{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      if (WaitToTheEnd(&word, 1, &page) == WaitOutcome::kRuntimeDied) ++died;
    });
  }
  (*life)->Stop();
  for (std::thread& thread : threads) thread.join();
  CHECK(died == 16);
}

TEST_CASE("Runtime killed: all waits of all clients end") {
  const TempDir temp;
  PeerProcess runtime({"serve", temp.path()});
  REQUIRE(runtime.ReadLine() == "OK");
  std::vector<std::unique_ptr<PeerProcess>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<PeerProcess>(
        std::vector<std::string>{"wait", temp.path(), "16"}));
    REQUIRE(clients.back()->ReadLine() == "waiting");
  }
  const auto here = ControlClient::Connect(temp.path());
  REQUIRE(here.ok());
  SECTION("by SIGKILL") { runtime.Kill(); }
  SECTION("in order") { runtime.CloseInput(); }
  for (const auto& client : clients) {
    CHECK(client->ReadLine().rfind("16 died; RuntimeDied", 0) == 0);
  }
  CHECK(WaitUntil(
      [&] { return (*here)->Check().code() == StatusCode::kRuntimeDied; }));
  CHECK((*here)->Grow(SegmentKind::kMain, 4096).status().code() ==
        StatusCode::kRuntimeDied);
}

TEST_CASE("Runtime killed: the next one in its place has another incarnation") {
  const TempDir temp;
  auto runtime = std::make_unique<PeerProcess>(
      std::vector<std::string>{"serve", temp.path()});
  REQUIRE(runtime->ReadLine() == "OK");
  const auto before = ControlClient::Connect(temp.path());
  REQUIRE(before.ok());
  runtime.reset();  // SIGKILL: its socket file stays
  CHECK(ControlClient::Connect(temp.path()).status().code() ==
        StatusCode::kNoRuntime);
  PeerProcess next({"serve", temp.path()});
  REQUIRE(next.ReadLine() == "OK");
  const auto after = ControlClient::Connect(temp.path());
  REQUIRE(after.ok());
  CHECK((*before)->incarnation() != (*after)->incarnation());
  CHECK((*before)->Check().code() == StatusCode::kRuntimeDied);
  CHECK((*after)->Check().ok());
}

}  // namespace
}  // namespace chi::test
