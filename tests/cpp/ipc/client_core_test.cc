// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A client whose runtime is the test: a control server whose rings nobody
// drains but the test itself. Heaps, ports, futures and the waiter.

#include "chimaera/ipc/client_core.h"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "chimaera/ipc/ipc_manager.h"
#include "ipc/client_heap.h"
#include "ipc/session_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr u32 kRingCapacity = 8;

struct PlainTask : public Task {
  explicit PlainTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc)
      : Task(alloc) {}
  string text;
};

ClientOptions Options() {
  ClientOptions options;
  options.ring_capacity = kRingCapacity;
  options.submit_timeout_ns = 5 * kNsPerMs;
  return options;
}

struct Fixture {
  Fixture()
      : core(std::move(ControlClient::Connect(server.dir())).value(),
             Options()) {
    ipc.SetPortSource(&core);
  }
  ~Fixture() { ipc.SetPortSource(nullptr); }

  // The runtime's half: takes the tasks of the first ring, in order.
  std::vector<Task*> TakeTasks() {
    if (consumer == nullptr) {
      const RingRequest ring = server.events.rings().at(0);
      consumer = std::make_unique<RingConsumer<>>(
          RingLayout<>(ring.memory, ring.capacity));
      session = server.events.last_session();
    }
    std::vector<Task*> tasks;
    u64 value;
    while (consumer->TryPop(&value)) {
      tasks.push_back(reinterpret_cast<Task*>(
          session->Resolve(ShmPtr::FromBits(value), sizeof(PlainTask))));
    }
    consumer->PublishConsumed();
    return tasks;
  }
  static void Finish(Task* task, u32 code = 0) {
    task->return_code_ = code;
    task->text_size_ = 0;
    task->state_.store(static_cast<u32>(TaskState::kDone));
  }
  hipc::FullPtr<PlainTask> NewTask() { return ipc.NewTask<PlainTask>(); }

  TestServer server;
  IpcManager ipc;
  ClientCore core;
  std::unique_ptr<RingConsumer<>> consumer;
  std::shared_ptr<Session> session;
};

TEST_CASE("ClientHeap: what is freed can be had again, all of it") {
  TestServer server;
  auto control = std::move(ControlClient::Connect(server.dir())).value();
  ClientHeap heap(*control, SegmentKind::kClientData,
                  control->client_data_segment(), 0);
  for (int round = 0; round < 3; ++round) {
    std::vector<ShmRange> ranges;
    for (u64 bytes = 1; bytes < 20'000; bytes *= 3) {
      auto range = heap.Allocate(bytes);
      REQUIRE(range.ok());
      CHECK(range->size >= bytes);
      CHECK(range->ptr.offset() % kCacheLineSize == 0);
      CHECK(heap.Owns(range->base));
      ranges.push_back(*range);
    }
    CHECK(heap.used_bytes() > 0);
    for (const ShmRange& range : ranges) CHECK(heap.Free(range.ptr).ok());
    CHECK(heap.used_bytes() == 0);
  }
  CHECK(heap.capacity_bytes() == control->client_data_segment().size);
}

TEST_CASE("ClientHeap: it grows by segments until the client's limit") {
  TestServer server;  // 4 MiB per client
  auto control = std::move(ControlClient::Connect(server.dir())).value();
  ClientHeap heap(*control, SegmentKind::kClientData,
                  control->client_data_segment(), 0);
  u64 total = 0;
  Status why;
  for (int i = 0; i < 100 && why.ok(); ++i) {
    auto range = heap.Allocate(200 * kKiB);
    why = range.status();
    if (range.ok()) total += range->size;
  }
  INFO(why);
  CHECK((why.code() == StatusCode::kOverloaded ||
         why.code() == StatusCode::kNoMemory));
  CHECK(total > control->client_data_segment().size);
  const auto huge = heap.Allocate(kGiB);
  CHECK(huge.status().code() == StatusCode::kNoMemory);
}

TEST_CASE("ClientHeap: what it did not give it does not take") {
  TestServer server;
  auto control = std::move(ControlClient::Connect(server.dir())).value();
  ClientHeap heap(*control, SegmentKind::kMain, control->main_segment(),
                  kMainHeapOffset);
  const ShmPtr where = heap.Allocate(100)->ptr;
  CHECK(where.offset() >= kMainHeapOffset);
  CHECK_FALSE(heap.Free(where + 64).ok());
  CHECK_FALSE(heap.Free(ShmPtr::At(kMainSegment, 0)).ok());
  CHECK_FALSE(heap.Free(ShmPtr::At(9, 64)).ok());
  CHECK(heap.Free(where).ok());
  CHECK_FALSE(heap.Free(where).ok());
  int outside = 0;
  CHECK_FALSE(heap.Owns(&outside));
}

TEST_CASE("Port: tasks arrive in order, batches too") {
  Fixture f;
  std::vector<hipc::FullPtr<PlainTask>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(f.NewTask());
  f.ipc.Enqueue(tasks[0]);
  f.ipc.EnqueueBatch(
      std::vector<hipc::FullPtr<PlainTask>>(tasks.begin() + 1, tasks.end()));
  const std::vector<Task*> taken = f.TakeTasks();
  REQUIRE(taken.size() == 4);
  for (u32 i = 0; i < 4; ++i) {
    taken[i]->return_code_ = i + 1;
    Fixture::Finish(taken[i], i + 1);
    CHECK(tasks[i]->IsComplete());
    CHECK(tasks[i]->return_code_ == i + 1);
    f.ipc.DelTask(tasks[i]);
  }
}

TEST_CASE("Port: a ring that stays full makes the task kOverloaded") {
  Fixture f;
  std::vector<hipc::FullPtr<PlainTask>> tasks;
  for (u32 i = 0; i < kRingCapacity + 3; ++i) tasks.push_back(f.NewTask());
  f.ipc.EnqueueBatch(tasks);
  for (u32 i = 0; i < kRingCapacity; ++i) CHECK_FALSE(tasks[i]->IsComplete());
  for (u32 i = kRingCapacity; i < tasks.size(); ++i) {
    REQUIRE(tasks[i]->IsComplete());
    CHECK(tasks[i]->GetStatus().code() == StatusCode::kOverloaded);
  }
  for (Task* task : f.TakeTasks()) Fixture::Finish(task);
  for (const auto& task : tasks) f.ipc.DelTask(task);
}

TEST_CASE("Port: dropped tasks are freed when they are done") {
  Fixture f;
  auto keep = f.NewTask();
  const u64 before = f.core.task_bytes();
  for (int i = 0; i < 2'000; ++i) {
    auto future = f.ipc.Submit(f.NewTask());
    std::vector<Task*> taken = f.TakeTasks();
    REQUIRE(taken.size() == 1);
    {
      const auto dropped = std::move(future);  // not done yet
    }
    Fixture::Finish(taken[0]);
  }
  // 2,000 tasks would be 640 kB, more than the first segment holds.
  CHECK(f.core.task_bytes() <= before + 192 * kKiB);
  f.ipc.DelTask(keep);
}

TEST_CASE("Port: a task in private memory fails with the reason") {
  Fixture f;
  PlainTask task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  f.ipc.Enqueue(hipc::FullPtr<PlainTask>(&task));
  REQUIRE(task.IsComplete());
  CHECK(task.GetStatus().code() == StatusCode::kNoMemory);
}

TEST_CASE("Port: a refused ring is the outcome of the task") {
  Fixture f;
  f.server.events.RefuseRings(true);
  auto future = f.ipc.Submit(f.NewTask());
  REQUIRE(future.IsDone());
  CHECK(future.Get().code() == StatusCode::kOverloaded);
  f.server.events.RefuseRings(false);
  auto next = f.ipc.Submit(f.NewTask());
  CHECK_FALSE(next.IsDone());
  for (Task* task : f.TakeTasks()) Fixture::Finish(task);
}

TEST_CASE("Port: a thread that ends leaves its port and ring to the next") {
  Fixture f;
  for (int i = 0; i < 20; ++i) {  // 4 rings are allowed
    std::thread([&] {
      auto future = f.ipc.Submit(f.NewTask());
      static_cast<void>(future.Release());
    }).join();
    CHECK(f.TakeTasks().size() == 1);
  }
  CHECK(f.server.events.rings().size() == 1);
}

TEST_CASE("Future: it is moved, released and converted, never copied") {
  static_assert(!std::is_copy_constructible_v<Future<PlainTask>>);
  Fixture f;
  Future<PlainTask> one = f.ipc.Submit(f.NewTask());
  PlainTask* const task = &*one;
  Future<PlainTask> two = std::move(one);
  CHECK(one.IsNull());  // NOLINT(bugprone-use-after-move)
  CHECK(&*two == task);
  Future<PlainTask> three;
  CHECK(three.IsNull());
  three = std::move(two);
  hipc::FullPtr<PlainTask> raw = std::move(three);
  CHECK(raw.ptr_ == task);
  CHECK(three.IsNull());  // NOLINT(bugprone-use-after-move)
  for (Task* taken : f.TakeTasks()) Fixture::Finish(taken);
  CHECK(raw->IsComplete());
  f.ipc.DelTask(raw);
}

TEST_CASE("Waiter: a wait ends with the task, the time, or an error") {
  Fixture f;
  auto unsubmitted = f.NewTask();
  CHECK(unsubmitted->WaitFor(0).code() == StatusCode::kBadRequest);
  f.ipc.DelTask(unsubmitted);

  auto future = f.ipc.Submit(f.NewTask());
  CHECK(future.WaitFor(0).code() == StatusCode::kDeadlineExceeded);
  CHECK(future.Get(kNsPerMs).code() == StatusCode::kDeadlineExceeded);
  std::vector<Task*> taken = f.TakeTasks();
  REQUIRE(taken.size() == 1);
  std::thread finisher([&] { Fixture::Finish(taken[0], 7); });
  const Status status = future.Get(kHangNs);
  finisher.join();
  CHECK(status.code_value() == 7);
}

TEST_CASE("Waiter: who waits learns that the runtime has stopped") {
  Fixture f;
  auto future = f.ipc.Submit(f.NewTask());
  std::thread stopper([&] { f.server.server->Stop(); });
  CHECK(future.Get(kHangNs).code() == StatusCode::kRuntimeDied);
  stopper.join();
  CHECK(f.ipc.Submit(f.NewTask()).Get(kHangNs).code() ==
        StatusCode::kRuntimeDied);
}

}  // namespace
}  // namespace chi::test
