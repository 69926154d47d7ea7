// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The lists of parked and ready runs. No fibers run here: a run is parked when
// its fiber is not null, so any address serves.

#include "sched/parked_runs.h"

#include <memory>
#include <vector>

#include "sched/inbox.h"
#include "support/catch.h"

namespace chi::test {
namespace {

using Wake = ParkedRun::Wake;

struct Run : ParkedRun {
  explicit Run(u64 deadline = kNoDeadlineNs) {
    deadline_ns = deadline;
    fiber = reinterpret_cast<Fiber*>(this);
  }
};

TEST_CASE("ParkedRuns: nothing is ready in the beginning") {
  ParkedRuns runs;
  CHECK(runs.TakeReady() == nullptr);
  CHECK_FALSE(runs.has_ready());
  CHECK_FALSE(runs.has_deadlines());
  CHECK(runs.next_deadline_ns() == kNoDeadlineNs);
  CHECK_FALSE(runs.WakeExpired(kNoDeadlineNs - 1));
}

TEST_CASE(
    "ParkedRuns: runs become ready in the order in which they are woken") {
  ParkedRuns runs;
  Run a, b, c;
  for (Run* run : {&a, &b, &c}) runs.Add(*run);
  CHECK(runs.num_parked() == 3);
  runs.Wake(b, Wake::kUnparked);
  runs.Wake(c, Wake::kUnparked);
  runs.Wake(a, Wake::kUnparked);
  CHECK(runs.num_parked() == 0);
  CHECK(runs.TakeReady() == &b);
  CHECK(runs.TakeReady() == &c);
  CHECK(runs.TakeReady() == &a);
  CHECK(runs.TakeReady() == nullptr);
}

TEST_CASE("ParkedRuns: deadlines wake the runs that are due, earliest first") {
  ParkedRuns runs;
  Run late(300), early(100), never, middle(200);
  for (Run* run : {&late, &early, &never, &middle}) runs.Add(*run);
  CHECK(runs.next_deadline_ns() == 100);
  CHECK_FALSE(runs.WakeExpired(99));
  CHECK(runs.WakeExpired(200));
  CHECK(runs.TakeReady() == &early);
  CHECK(early.wake == Wake::kDeadline);
  CHECK(runs.TakeReady() == &middle);
  CHECK(runs.TakeReady() == nullptr);
  CHECK(runs.next_deadline_ns() == 300);
  CHECK(runs.num_parked() == 2);
  runs.CancelAll();
}

TEST_CASE("ParkedRuns: two runs may have the same deadline") {
  ParkedRuns runs;
  Run a(100), b(100);
  runs.Add(a);
  runs.Add(b);
  runs.Wake(a, Wake::kUnparked);
  CHECK(runs.WakeExpired(100));
  CHECK(a.wake == Wake::kUnparked);
  CHECK(b.wake == Wake::kDeadline);
}

TEST_CASE(
    "ParkedRuns: an unpark after the deadline is kept for the next park") {
  ParkedRuns runs;
  Run run(100);
  runs.Add(run);
  runs.WakeExpired(100);
  runs.Wake(run, Wake::kUnparked);
  CHECK(run.wake == Wake::kDeadline);
  CHECK(run.unparked_early);
  CHECK(runs.TakeReady() == &run);
  CHECK(runs.TakeReady() == nullptr);
}

TEST_CASE("ParkedRuns: a deadline that meets an unpark in the inbox") {
  // The bug: both lists used one link, so the deadline cut everything off that
  // lay in the inbox behind the run.
  Inbox inbox;
  ParkedRuns runs;
  Run other(100), run(100);
  runs.Add(other);
  runs.Add(run);
  InboxNode job_before, job_after;
  REQUIRE(inbox.Push(&job_before));
  REQUIRE(inbox.Push(&run));  // another thread's Unpark
  REQUIRE(inbox.Push(&job_after));
  runs.WakeExpired(100);

  std::vector<InboxNode*> taken;
  for (InboxNode* node = inbox.TakeAll(); node != nullptr; node = node->next) {
    taken.push_back(node);
  }
  CHECK(taken == std::vector<InboxNode*>{&job_before, &run, &job_after});
  CHECK(runs.TakeReady() != nullptr);
  CHECK(runs.TakeReady() != nullptr);
  CHECK(runs.TakeReady() == nullptr);
}

TEST_CASE("ParkedRuns: cancelling wakes all that are parked, and them only") {
  ParkedRuns runs;
  Run ready, timed(100), plain;
  for (Run* run : {&ready, &timed, &plain}) runs.Add(*run);
  runs.Wake(ready, Wake::kUnparked);
  runs.CancelAll();
  CHECK(ready.wake == Wake::kUnparked);
  CHECK(timed.wake == Wake::kCancelled);
  CHECK(plain.wake == Wake::kCancelled);
  CHECK_FALSE(runs.has_deadlines());
  CHECK(runs.num_parked() == 0);
}

TEST_CASE("ParkedRuns: a run that yields is ready without having been parked") {
  ParkedRuns runs;
  Run run;
  runs.AddReady(run);
  CHECK(runs.num_parked() == 0);
  runs.CancelAll();
  CHECK(run.wake == Wake::kNone);
  CHECK(runs.TakeReady() == &run);
}

}  // namespace
}  // namespace chi::test
