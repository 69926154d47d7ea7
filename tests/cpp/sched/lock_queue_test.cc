// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The queue of a lock against a plain list of groups, in seeded random
// programs. Nothing is parked: the nodes are all that the queue knows.

#include "chimaera/sched/lock_queue.h"

#include <algorithm>
#include <list>
#include <memory>
#include <vector>

#include "chimaera/base/random.h"
#include "support/catch.h"

namespace chi::test {
namespace {

using Members = std::vector<LockWaiter*>;

struct Model {
  struct Group {
    LockGroup id;
    Members members;
  };
  std::list<Group> groups;

  void Push(LockWaiter* waiter, bool at_front) {
    for (Group& group : groups) {
      if (group.id == waiter->group) return group.members.push_back(waiter);
    }
    groups.insert(at_front ? groups.begin() : groups.end(),
                  {waiter->group, {waiter}});
  }
  void Remove(LockWaiter* waiter) {
    for (auto it = groups.begin(); it != groups.end(); ++it) {
      const auto found =
          std::find(it->members.begin(), it->members.end(), waiter);
      if (found == it->members.end()) continue;
      it->members.erase(found);
      if (it->members.empty()) groups.erase(it);
      return;
    }
  }
  Members All() const {
    Members all;
    for (const Group& group : groups) {
      all.insert(all.end(), group.members.begin(), group.members.end());
    }
    return all;
  }
};

std::vector<const ParkedRun*> RunsOf(const Members& members) {
  std::vector<const ParkedRun*> runs;
  for (const LockWaiter* waiter : members) runs.push_back(&waiter->run);
  return runs;
}

Members Take(LockQueue& queue) {
  GrantedWaiters granted;
  queue.PopFront(&granted);
  Members members;
  for (LockWaiter* w = granted.first; w != nullptr; w = w->next_member) {
    CHECK_FALSE(w->queued);
    members.push_back(w);
  }
  CHECK(members.back() == granted.last);
  return members;
}

TEST_CASE("LockQueue: groups leave in the order of their first waiters") {
  LockQueue queue;
  LockWaiter a1(WaitKind::kMutex, &queue, {1, 1});
  LockWaiter b1(WaitKind::kMutex, &queue, {1, 2});
  LockWaiter a2(WaitKind::kMutex, &queue, {1, 1});
  LockWaiter c1(WaitKind::kMutex, &queue, {2, 1});  // another client's 1
  for (LockWaiter* waiter : {&a1, &b1, &a2, &c1}) queue.Push(*waiter);
  CHECK(Take(queue) == Members{&a1, &a2});
  CHECK(Take(queue) == Members{&b1});
  CHECK(Take(queue) == Members{&c1});
  CHECK(queue.empty());
}

TEST_CASE("LockQueue: random programs, against a list") {
  const u64 seed = GENERATE(range(u64{1}, u64{101}));
  CAPTURE(seed);
  SeededRandom random(seed);
  const u64 num_groups = 1 + random.Below(200);
  LockQueue queue;
  Model model;
  std::vector<std::unique_ptr<LockWaiter>> waiters;
  for (u32 step = 0; step < 600; ++step) {
    const u64 action = random.Below(8);
    if (action < 5) {
      const LockGroup group{random.Below(3), random.Below(num_groups)};
      const auto kind =
          random.Below(2) == 0 ? WaitKind::kReadLock : WaitKind::kWriteLock;
      waiters.push_back(std::make_unique<LockWaiter>(kind, &queue, group));
      const bool at_front = random.Below(4) == 0;
      queue.Push(*waiters.back(), at_front);
      model.Push(waiters.back().get(), at_front);
    } else if (action < 7) {
      const Members all = model.All();
      if (all.empty()) continue;
      LockWaiter* victim = all[random.Below(all.size())];
      queue.Remove(*victim);
      CHECK_FALSE(victim->queued);
      model.Remove(victim);
    } else if (!model.groups.empty()) {
      REQUIRE(Take(queue) == model.groups.front().members);
      model.groups.pop_front();
    }
    REQUIRE(queue.empty() == model.groups.empty());
    if (queue.empty()) continue;
    const Members& front = model.groups.front().members;
    REQUIRE(queue.front() == front.front());
    REQUIRE(queue.front()->num_members == front.size());
    REQUIRE(queue.front()->num_exclusive ==
            std::count_if(front.begin(), front.end(),
                          [](LockWaiter* w) { return w->exclusive; }));
    std::vector<LockReport::Waiting> report;
    queue.Report(&report);
    std::vector<const ParkedRun*> reported;
    for (const auto& waiting : report) reported.push_back(waiting.run);
    REQUIRE(reported == RunsOf(model.All()));
  }
}

}  // namespace
}  // namespace chi::test
