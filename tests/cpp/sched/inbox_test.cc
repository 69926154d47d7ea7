// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The inbox of a worker.

#include "sched/inbox.h"

#include <thread>
#include <vector>

#include "support/catch.h"

namespace chi::test {
namespace {

struct Note : InboxNode {
  u32 thread = 0;
  u32 number = 0;
};

TEST_CASE("Inbox: everything comes out once, oldest first") {
  Inbox inbox;
  CHECK(inbox.TakeAll() == nullptr);
  CHECK(inbox.LooksEmpty());
  InboxNode a, b;
  CHECK(inbox.Push(&a));
  CHECK(inbox.Push(&b));
  CHECK_FALSE(inbox.LooksEmpty());
  CHECK(inbox.TakeAll() == &a);
  CHECK(a.next == &b);
  CHECK(b.next == nullptr);
  CHECK(inbox.TakeAll() == nullptr);
}

TEST_CASE("Inbox: only an empty one closes, and a closed one takes nothing") {
  Inbox inbox;
  InboxNode a, b;
  REQUIRE(inbox.Push(&a));
  CHECK_FALSE(inbox.TryClose());
  REQUIRE(inbox.TakeAll() == &a);
  CHECK(inbox.TryClose());
  CHECK_FALSE(inbox.Push(&b));
  CHECK(inbox.TakeAll() == nullptr);
}

TEST_CASE("Inbox: what several threads push arrives whole and in their order") {
  constexpr u32 kThreads = 4;
  constexpr u32 kNotes = 20'000;
  Inbox inbox;
  std::vector<std::vector<Note>> notes(kThreads, std::vector<Note>(kNotes));
  std::vector<std::thread> threads;
  for (u32 t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (u32 i = 0; i < kNotes; ++i) {
        notes[t][i].thread = t;
        notes[t][i].number = i;
        inbox.Push(&notes[t][i]);
      }
    });
  }
  std::vector<u32> next(kThreads, 0);
  bool ordered = true;
  for (u32 seen = 0; seen < kThreads * kNotes;) {
    for (InboxNode* node = inbox.TakeAll(); node != nullptr;) {
      const auto& note = *static_cast<Note*>(node);
      node = node->next;
      ordered = ordered && next[note.thread] == note.number;
      next[note.thread] = note.number + 1;
      ++seen;
    }
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(ordered);
  CHECK(inbox.LooksEmpty());
}

}  // namespace
}  // namespace chi::test
