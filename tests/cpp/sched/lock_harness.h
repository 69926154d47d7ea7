// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Some workers with one client, whose tasks are numbers: a task's group is its
// number over 100, so 301 and 302 are of group 3. And a door at which methods
// wait parked until the test opens it.

#ifndef CHIMAERA_TESTS_SCHED_LOCK_HARNESS_H_
#define CHIMAERA_TESTS_SCHED_LOCK_HARNESS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "chimaera/sched/lock_group.h"
#include "sched/worker_harness.h"

namespace chi::test {

/// Methods wait at it; opening lets all of them go on, now and later.
class Door {
 public:
  /// In a method.
  void Wait() {
    while (!open_) this_task::Yield();
  }
  void Open() { open_ = true; }

 private:
  std::atomic<bool> open_{false};
};

class Fleet {
 public:
  using Method = std::function<void(u64 value)>;

  Fleet(u32 num_workers, Method method,
        const Clock* clock = &SystemClock::Get())
      : executor_(
            [this, method = std::move(method)](u64 value, RunContext& ctx) {
              ctx.task_id = TaskId{value / 100, value % 100};
              ++begun_;
              try {
                method(value);
              } catch (const StatusError& error) {
                thrown_.Add({value, error.status().code()});
              } catch (const std::exception&) {
                thrown_.Add({value, StatusCode::kModuleException});
              }
              ++ended_;
            }) {
    for (u32 i = 0; i < num_workers; ++i) {
      WorkerOptions options = TestOptions(clock);
      options.index = i;
      workers_.push_back(std::make_unique<Worker>(options, executor_));
      rings_.push_back(client_.Attach(*workers_[i]));
      CHI_CHECK_OK(workers_[i]->Start());
    }
  }
  ~Fleet() {
    for (auto& worker : workers_) worker->Stop();
  }

  void Push(u64 value, u32 worker = 0) {
    while (!rings_[worker].TryPush(value)) sched_yield();
    client_.Wake(rings_[worker], worker);
  }
  [[nodiscard]] bool Begun(u64 count) {
    return WaitUntil([&] { return begun_ == count; });
  }
  [[nodiscard]] bool Ended(u64 count) {
    return WaitUntil([&] { return ended_ == count; });
  }
  [[nodiscard]] bool HasParked(u64 count) {
    return WaitUntil([&] {
      u64 parked = 0;
      for (auto& worker : workers_) parked += worker->stats().parked;
      return parked == count;
    });
  }
  /// What methods threw, in that order.
  std::vector<std::pair<u64, StatusCode>> thrown() const {
    return thrown_.Get();
  }
  /// Cancels what is parked for the client.
  void DropClient() {
    for (u32 i = 0; i < workers_.size(); ++i) {
      workers_[i]->DetachSession(client_.session->id(), [] {});
    }
  }
  Worker& worker(u32 index = 0) { return *workers_[index]; }

 private:
  FakeClient client_;
  LambdaExecutor executor_;
  Log<std::pair<u64, StatusCode>> thrown_;
  std::atomic<u64> begun_{0};
  std::atomic<u64> ended_{0};
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<RingProducer<>> rings_;
};

/// The group that a task of `Fleet` belongs to.
inline LockGroup GroupOf(u64 value) { return {5, value / 100}; }

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_SCHED_LOCK_HARNESS_H_
