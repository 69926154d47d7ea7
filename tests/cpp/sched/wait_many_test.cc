// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Waiting for several tasks made inside a runtime: by a method whose worker
// finishes them, by one whose subtasks another worker finishes, and by a
// thread. tests/model explores the protocol; here it meets fibers.

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "chimaera/base/random.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/ipc/wait.h"
#include "chimaera/sched/coevent.h"
#include "chimaera/sched/work_orchestrator.h"
#include "sched/worker_harness.h"
#include "sched/worker_port.h"
#include "support/catch.h"

namespace chi::test {
namespace {

using TaskPtr = hipc::FullPtr<Task>;

TaskPtr MakeTask(u64 number) {
  IpcManager ipc;
  return ipc.NewTask<Task>(TaskId{number, number}, PoolId{1, 0},
                           PoolQuery::Local(), MethodId{3});
}

// Two workers. Tasks of an even number end at once, the others when the event
// of their number is set.
struct Pair {
  Pair() : orchestrator(Options(), executor, nullptr, nullptr) {
    CHI_CHECK_OK(orchestrator.Start());
  }
  ~Pair() { orchestrator.Stop(); }

  static SchedOptions Options() {
    SchedOptions options;
    options.num_workers = 2;
    options.pin_workers = false;
    options.stack_bytes = 256 * kKiB;
    return options;
  }
  static constexpr u64 kEvents = 16;

  // Makes a task and hands it to a worker, on which it will run.
  TaskPtr Start(u64 number, u32 worker) {
    TaskPtr task = MakeTask(number);
    PrepareInternalTask(*task, SystemClock::Get());
    task->client_id_ = 0;  // no subtask of whoever calls
    orchestrator.worker(worker).InjectTask(task);
    return task;
  }
  // Runs `method` as a method of a worker and waits for its end.
  void Run(u32 worker, const std::function<void()>& method) {
    CoEvent ended;
    orchestrator.worker(worker).InjectCall([&](RunContext&) {
      method();
      ended.Set();
    });
    CHI_CHECK_OK(ended.Wait());
  }

  CoEvent events[kEvents];
  LambdaExecutor executor{[](u64, RunContext&) {},
                          [this](Task& task, RunContext&) {
                            const u64 number = task.task_id_.minor_;
                            if (number % 2 == 0) return;
                            CHI_CHECK_OK(events[number].Wait());
                          }};
  WorkOrchestrator orchestrator;
};

void Delete(std::vector<TaskPtr>& tasks) {
  IpcManager ipc;
  for (TaskPtr& task : tasks) ipc.DelTask(task);
  tasks.clear();
}

TEST_CASE("WaitAll, WaitAny: of no tasks") {
  CHECK(WaitAll(std::vector<TaskPtr>{}).ok());
  CHECK(WaitAny(std::vector<TaskPtr>{}).status().code() ==
        StatusCode::kBadRequest);
}

TEST_CASE("WaitAll: a method goes on when the last subtask is done") {
  Pair pair;
  Claims claims;
  pair.Run(0, [&] {
    std::vector<TaskPtr> tasks;
    for (u64 i = 1; i < 5; ++i) tasks.push_back(pair.Start(i, i % 2));
    claims.Expect(WaitAll(tasks, 1000).code() == StatusCode::kDeadlineExceeded,
                  "two of them are not done");
    pair.events[1].Set();
    pair.events[3].Set();
    claims.Expect(WaitAll(tasks).ok(), "all are done");
    for (TaskPtr& task : tasks) {
      claims.Expect(task->IsComplete(), "one was not done");
    }
    Delete(tasks);
  });
  CHECK(claims.Broken() == "");
}

TEST_CASE("WaitAny: a method goes on with the first that is done") {
  Pair pair;
  Claims claims;
  pair.Run(0, [&] {
    std::vector<TaskPtr> tasks;
    for (u64 i : {1, 3, 5}) tasks.push_back(pair.Start(i, i % 4 / 2));
    claims.Expect(
        WaitAny(tasks, 1000).status().code() == StatusCode::kDeadlineExceeded,
        "none is done");
    pair.events[3].Set();
    const Result<size_t> first = WaitAny(tasks);
    claims.Expect(first.ok() && *first == 1, "not the second one");
    pair.events[1].Set();
    pair.events[5].Set();
    claims.Expect(WaitAll({&*tasks[0], &*tasks[2]}).ok(), "the others");
    Delete(tasks);
  });
  CHECK(claims.Broken() == "");
}

TEST_CASE("WaitAny: a method that names a task twice or too early is told") {
  Pair pair;
  Claims claims;
  pair.Run(0, [&] {
    std::vector<TaskPtr> tasks{pair.Start(1, 1), MakeTask(2)};
    claims.Expect(WaitAny(tasks).status().code() == StatusCode::kBadRequest,
                  "the second was not submitted");
    pair.events[1].Set();
    claims.Expect(tasks[0]->WaitFor(kDefaultTimeoutNs).ok(),
                  "the first can still be waited for");
    tasks.push_back(pair.Start(3, 1));
    claims.Expect(
        WaitAll({&*tasks[2], &*tasks[2]}).code() == StatusCode::kBadRequest,
        "named twice");
    pair.events[3].Set();
    claims.Expect(WaitAll({&*tasks[2]}).ok(), "named once");
    Delete(tasks);
  });
  CHECK(claims.Broken() == "");
}

// Methods and a thread wait for random sets of tasks on both workers, with
// timeouts about as long as the tasks take. What is claimed: a wait that says
// "done" is right, and every run ends (a lost wake-up would be a hang, one too
// many a crash).
TEST_CASE("WaitMany: random sets, timeouts and workers") {
  const u64 seed = GENERATE(range(u64{1}, u64{21}));
  CAPTURE(seed);
  Pair pair;
  Claims claims;
  const auto act = [&](u64 salt) {
    SeededRandom random(seed * 1000 + salt);
    for (u32 round = 0; round < 20; ++round) {
      std::vector<TaskPtr> tasks;
      const u64 count = 1 + random.Below(6);
      for (u64 i = 0; i < count; ++i) {
        tasks.push_back(pair.Start(2, static_cast<u32>(random.Below(2))));
      }
      const u64 timeout_ns =
          random.Below(2) == 0 ? random.Below(30'000) : kDefaultTimeoutNs;
      const auto done = [](const TaskPtr& t) { return t->IsComplete(); };
      if (random.Below(2) == 0) {
        const Status waited = WaitAll(tasks, timeout_ns);
        claims.Expect(
            !waited.ok() || std::all_of(tasks.begin(), tasks.end(), done),
            "not all are done");
      } else {
        const Result<size_t> waited = WaitAny(tasks, timeout_ns);
        claims.Expect(!waited.ok() || done(tasks[*waited]), "it is not done");
      }
      Delete(tasks);
    }
  };
  CoEvent first, second;
  pair.orchestrator.worker(0).InjectCall([&](RunContext&) {
    act(1);
    first.Set();
  });
  pair.orchestrator.worker(1).InjectCall([&](RunContext&) {
    act(2);
    second.Set();
  });
  CHECK(first.Wait().ok());
  CHECK(second.Wait().ok());
  CHECK(claims.Broken() == "");
}

}  // namespace
}  // namespace chi::test
