// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of workers share: a session without a client, whose rings the
// test fills itself, and an executor that calls what the test says.

#ifndef CHIMAERA_TESTS_SCHED_WORKER_HARNESS_H_
#define CHIMAERA_TESTS_SCHED_WORKER_HARNESS_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/ipc/session.h"
#include "chimaera/sched/executor.h"
#include "chimaera/sched/worker.h"
#include "chimaera/shm/ring_queue.h"
#include "support/wait_until.h"

namespace chi::test {

/// Runs the same function for every submitted value. The values are numbers
/// that the test makes up: nobody here takes them for addresses.
class LambdaExecutor final : public Executor {
 public:
  using Method = std::function<void(u64 value, RunContext&)>;
  using Internal = std::function<void(Task&, RunContext&)>;
  explicit LambdaExecutor(Method method, Internal internal = {})
      : method_(std::move(method)), internal_(std::move(internal)) {}

  void RunSubmitted(ShmPtr pointer, RunContext& ctx) override {
    method_(pointer.bits_, ctx);
  }
  void EndSubmitted(ShmPtr, RunContext&, const Status&) override {}
  void RunInternal(hipc::FullPtr<Task> task, RunContext& ctx) override {
    ctx.task_id = task->task_id_;
    task->return_code_ = 0;
    if (internal_) internal_(*task, ctx);
    FinishInternalTask(task);
  }

 private:
  const Method method_;
  const Internal internal_;
};

/// What methods note, from any thread.
template <class T>
class Log {
 public:
  void Add(T item) {
    const MutexLock lock(mu_);
    items_.push_back(std::move(item));
  }
  std::vector<T> Get() const {
    const MutexLock lock(mu_);
    return items_;
  }
  size_t size() const { return Get().size(); }
  [[nodiscard]] bool Reaches(size_t count) const {
    return WaitUntil([&] { return size() >= count; });
  }

 private:
  mutable Mutex mu_;
  std::vector<T> items_ CHI_GUARDED_BY(mu_);
};

/// Claims made on other threads, where the test framework must not be used.
class Claims {
 public:
  void Expect(bool holds, const char* claim) {
    if (!holds) broken_.Add(claim);
  }
  /// The first one that did not hold, or "".
  std::string Broken() const {
    const std::vector<std::string> all = broken_.Get();
    return all.empty() ? "" : all.front();
  }

 private:
  Log<std::string> broken_;
};

/// One client, as the runtime sees it.
class FakeClient {
 public:
  static constexpr u32 kCapacity = 256;

  explicit FakeClient(u64 id = 5, u32 max_tasks = 1024) {
    RuntimeDataOptions options;
    options.segment_bytes = 64 * kKiB;
    options.max_bytes = 64 * kKiB;
    commons->data =
        std::move(RuntimeData::Create(commons->segments, options)).value();
    SessionLimits limits;
    limits.max_tasks_in_flight = max_tasks;
    Result<std::unique_ptr<Session>> made =
        Session::Create({id, 4711, 0}, limits, kSegmentBytes, kSegmentBytes,
                        kMaxWorkers, commons, [](u64) {});
    CHI_CHECK_OK(made.status());
    session = std::move(made).value();
  }

  /// Attaches the next ring to `worker` and returns its writing end. A worker
  /// that was never started cannot be woken.
  RingProducer<> Attach(Worker& worker,
                        Priority priority = Priority::kLowLatency,
                        bool wakes = true) {
    const u64 offset = kMainHeapOffset + num_rings_++ * kRingStride;
    char* memory =
        session->Resolve(ShmPtr::At(kMainSegment, offset), kRingStride);
    CHI_CHECK(memory != nullptr);
    const auto layout = RingLayout<>::Create(memory, kCapacity);
    worker.AttachRing({session, memory, kCapacity, priority,
                       wakes ? session->worker_eventfd(worker.index()) : -1,
                       0});
    return RingProducer<>(layout);
  }

  /// Pushes and wakes, as a client's port does.
  void Push(RingProducer<>& ring, u64 value, u32 worker = 0) const {
    CHI_CHECK(ring.TryPush(value));
    Wake(ring, worker);
  }
  void Wake(RingProducer<>& ring, u32 worker = 0) const {
    if (!ring.ConsumerParked()) return;
    const u64 one = 1;
    CHI_CHECK(write(session->worker_eventfd(worker), &one, sizeof(one)) == 8);
  }

  std::shared_ptr<SessionCommons> commons = std::make_shared<SessionCommons>();
  std::shared_ptr<Session> session;

 private:
  static constexpr u64 kSegmentBytes = 256 * kKiB;
  static constexpr u64 kRingStride = 8 * kKiB;
  static_assert(RingLayout<>::BytesFor(kCapacity) <= kRingStride);

  u64 num_rings_ = 0;
};

/// Options for a test: room for the sanitizers on every stack.
inline WorkerOptions TestOptions(const Clock* clock = &SystemClock::Get()) {
  WorkerOptions options;
  options.stack_bytes = 256 * kKiB;
  options.clock = clock;
  return options;
}

/// A started worker with one client and one ring.
struct OneWorker {
  explicit OneWorker(LambdaExecutor::Method method,
                     WorkerOptions options = TestOptions(),
                     u32 max_tasks = 1024,
                     LambdaExecutor::Internal internal = {})
      : client(5, max_tasks),
        executor(std::move(method), std::move(internal)),
        worker(options, executor),
        ring(client.Attach(worker)) {
    CHI_CHECK_OK(worker.Start());
  }
  ~OneWorker() { worker.Stop(); }

  void Push(u64 value) { client.Push(ring, value); }
  [[nodiscard]] bool HasParked(u64 count) {
    return WaitUntil([&] { return worker.stats().parked == count; });
  }

  FakeClient client;
  LambdaExecutor executor;
  Worker worker;
  RingProducer<> ring;
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_SCHED_WORKER_HARNESS_H_
