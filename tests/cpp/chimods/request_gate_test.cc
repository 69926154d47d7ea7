// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// So many at a time, whoever they are, and nobody is forgotten.

#include "request_gate.h"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/log.h"
#include "sched/lock_harness.h"
#include "stall_watch.h"
#include "support/catch.h"

namespace chi::test {
namespace {

using chimaera::bdev::RequestGate;

TEST_CASE("RequestGate: never more than its depth, and all of them in turn") {
  constexpr u64 kTasks = 500;
  RequestGate gate(3);
  std::atomic<u32> inside{0};
  std::atomic<u64> wrong{0};
  Fleet fleet(2, [&](u64) {
    const RequestGate::Pass pass(gate);
    if (inside.fetch_add(1) >= 3) ++wrong;
    this_task::Yield();
    inside.fetch_sub(1);
  });
  for (u64 i = 0; i < kTasks; ++i) fleet.Push(i, i % 2);
  REQUIRE(fleet.Ended(kTasks));
  CHECK(wrong == 0);
  CHECK(gate.num_waiting() == 0);
}

TEST_CASE(
    "RequestGate: who wants several gets what is free, and one for sure") {
  RequestGate gate(5);
  {
    const RequestGate::Passes three(gate, 3);
    CHECK(three.count() == 3);
    const RequestGate::Passes rest(gate, 1000);
    CHECK(rest.count() == 2);
  }
  const RequestGate::Passes all(gate, 5);
  CHECK(all.count() == 5);
}

TEST_CASE("RequestGate: who waits is part of its depth") {
  RequestGate gate(2);
  CHECK(gate.depth() == 0);
  auto held = std::make_unique<RequestGate::Passes>(gate, 2);
  Fleet fleet(1, [&](u64) { const RequestGate::Pass pass(gate); });
  for (u64 i = 0; i < 5; ++i) fleet.Push(i);
  REQUIRE(WaitUntil([&] { return gate.depth() == 7; }));
  held = nullptr;
  REQUIRE(fleet.Ended(5));
  CHECK(gate.depth() == 0);
  CHECK(gate.max_depth() == 7);
}

TEST_CASE("RequestGate: who is cancelled while waiting leaves no gap") {
  RequestGate gate(1);
  auto held = std::make_unique<RequestGate::Pass>(gate);
  Fleet fleet(1, [&](u64) { const RequestGate::Pass pass(gate); });
  for (u64 i = 0; i < 10; ++i) fleet.Push(i);
  REQUIRE(WaitUntil([&] { return gate.num_waiting() == 10; }));
  fleet.DropClient();
  REQUIRE(fleet.Ended(10));
  CHECK(fleet.thrown().size() == 10);
  CHECK(gate.num_waiting() == 0);
  held = nullptr;
  const RequestGate::Pass again(gate);
}

TEST_CASE("RequestGate: the age is that of the oldest that is not over") {
  ManualClock clock(5);
  RequestGate gate(1, clock);
  CHECK(gate.oldest_ns() == 0);
  auto first = std::make_unique<RequestGate::Pass>(gate);
  clock.Advance(100);
  CHECK(gate.oldest_ns() == 100);
  auto beside = std::make_unique<RequestGate::Beside>(gate);
  Fleet fleet(1, [&](u64) { const RequestGate::Pass pass(gate); });
  fleet.Push(0);
  REQUIRE(WaitUntil([&] { return gate.num_waiting() == 1; }));
  clock.Advance(30);
  CHECK(gate.oldest_ns() == 130);
  // Out of turn: the others keep their ages.
  beside = nullptr;
  CHECK(gate.oldest_ns() == 130);
  first = nullptr;
  REQUIRE(fleet.Ended(1));
  CHECK(gate.oldest_ns() == 0);
  CHECK(gate.depth() == 0);
}

TEST_CASE("RequestGate: who is cancelled while waiting has no age") {
  ManualClock clock;
  RequestGate gate(1, clock);
  auto held = std::make_unique<RequestGate::Pass>(gate);
  Fleet fleet(1, [&](u64) { const RequestGate::Pass pass(gate); });
  for (u64 i = 0; i < 10; ++i) fleet.Push(i);
  REQUIRE(WaitUntil([&] { return gate.num_waiting() == 10; }));
  clock.Advance(7);
  fleet.DropClient();
  REQUIRE(fleet.Ended(10));
  CHECK(gate.oldest_ns() == 7);
  held = nullptr;
  CHECK(gate.oldest_ns() == 0);
}

// Collects the lines of one test.
class Lines final : public LogSink {
 public:
  Lines() : old_level_(GetLogLevel()) {
    SetLogSink(this);
    SetLogLevel(LogLevel::kInfo);
  }
  ~Lines() override {
    SetLogSink(nullptr);
    SetLogLevel(old_level_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  void Write(LogLevel /*level*/, std::string_view line) override {
    lines_.emplace_back(line);
  }
  std::vector<std::string> Take() { return std::exchange(lines_, {}); }

 private:
  const LogLevel old_level_;
  std::vector<std::string> lines_;
};

TEST_CASE(
    "StallWatch: one line at the bound, at each doubling and at the end") {
  Lines lines;
  chimaera::bdev::StallWatch watch("pool 4.0 (/d)", 100 * kNsPerMs);
  const auto look = [&](u64 oldest_ms) {
    chimaera::bdev::StoreStats store;
    store.queue_depth = 3;
    store.oldest_ns = oldest_ms * kNsPerMs;
    watch.Look(store);
    return lines.Take();
  };
  CHECK(look(0).empty());
  CHECK(look(99).empty());
  const auto first = look(101);
  REQUIRE(first.size() == 1);
  CHECK(first[0].find("pool 4.0 (/d): the device has not answered a request "
                      "for 101 ms; 3 are under way") != std::string::npos);
  CHECK(look(150).empty());
  CHECK(look(201).empty());
  CHECK(look(202).size() == 1);
  CHECK(look(403).empty());
  CHECK(look(405).size() == 1);
  const auto last = look(0);
  REQUIRE(last.size() == 1);
  CHECK(last[0].find("answers again") != std::string::npos);
  CHECK(look(0).empty());
  CHECK(look(100).size() == 1);
}

}  // namespace
}  // namespace chi::test
