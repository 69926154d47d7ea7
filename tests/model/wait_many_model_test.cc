// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A fiber that waits for one, or all, of two tasks, against the two who finish
// them, explored exhaustively. It may give up; then it drops what is not done.
// How a fiber parks is the matter of completion_model_test.cc: here it sleeps
// on a word.

#include <array>

#include "chimaera/ipc/completion.h"
#include "chimaera/ipc/wait_many.h"
#include "expect.h"
#include "idle_worker.h"

namespace chi::model {
namespace {

constexpr u64 kOutcome = 42;
constexpr u64 kDestroy = 77;
constexpr u64 kWaiter = 99;
constexpr u32 kTasks = 2;

struct ModelTask {
  ModelTask() {
    Explorer::Get().Name(state_.cell(), "state");
    Explorer::Get().Name(waiter_.cell(), "waiter_");
    Explorer::Get().Name(outcome.cell(), "outcome");
  }
  // Whoever comes here may delete the task: nobody else may touch it.
  void Delete() {
    waiter_ = 0xDEAD;
    outcome = 0xDEAD;
    if (++deleted > 1) Explorer::Get().Fail("deleted twice");
  }

  Atomic<u32> state_{static_cast<u32>(TaskState::kPending)};
  Plain<u64> waiter_;
  Plain<u64> outcome;
  Ghost deleted;
};

/// As the product does it.
struct RealWait {
  template <class... Args>
  static ParkedWait Run(Args&&... args) {
    return WaitParkedMany(args...);
  }
};

template <u32 kWanted, bool kMayTimeOut, class Wait = RealWait>
class ManyWorld final : public World {
 public:
  [[nodiscard]] u32 num_threads() const override { return 1 + kTasks; }
  [[nodiscard]] const char* ThreadName(u32 thread) const override {
    constexpr const char* kNames[] = {"waiter", "first", "second"};
    return kNames[thread];
  }
  void Run(u32 thread) override {
    if (thread == 0) {
      RunWaiter();
    } else {
      RunFinisher(tasks_[thread - 1]);
    }
  }
  void AtEnd() override {
    for (const ModelTask& task : tasks_) {
      if (task.deleted.value() != 1) Explorer::Get().Fail("task leaked");
    }
  }

 private:
  // False: its time is over. A wake-up that came before is taken at once.
  bool Park(bool may_time_out) {
    // An exchange, since a load may see the old value again and again.
    while (unparked_.exchange(0, std::memory_order_acq_rel) == 0) {
      if (!FutexSleep(unparked_, 0, may_time_out)) return false;
    }
    ++received_;
    return true;
  }

  void RunWaiter() {
    const ParkedWait end = Wait::Run(
        [this](u32 i) -> ModelTask& { return tasks_[i]; }, kTasks, kWanted,
        arrivals_, kWaiter, [this] { return Park(kMayTimeOut); },
        [this] { static_cast<void>(Park(false)); });
    // The stack frame that holds the counts is left.
    ++left_;
    if (sent_.value() != received_.value()) {
      Explorer::Get().Fail("left before its wake-up has arrived");
    }
    u32 done = 0;
    for (ModelTask& task : tasks_) {
      if (IsDoneState(task.state_)) {
        ++done;
        if (task.outcome != kOutcome) Explorer::Get().Fail("no outcome");
        task.Delete();
      } else if (DropTask(task, kDestroy)) {
        task.Delete();
      }
    }
    if (end == ParkedWait::kNotSubmitted) Explorer::Get().Fail("submitted");
    if (end == ParkedWait::kDone && done < kWanted) {
      Explorer::Get().Fail("too few are done");
    }
    if (end == ParkedWait::kGaveUp && !kMayTimeOut) {
      Explorer::Get().Fail("gave up");
    }
  }

  // FinishInternalTask and its UnparkWaiter.
  void RunFinisher(ModelTask& task) {
    task.outcome = kOutcome;
    FinishAndTell(
        task, TaskState::kDone,
        [] { Explorer::Get().Fail("a fiber is taken for a thread"); },
        [this](u64 waiter) {
          if (waiter != kWaiter) Explorer::Get().Fail("not who waits");
          const bool last = arrivals_.Arrive();
          // Nothing comes between that step and this look.
          if (left_.value() != 0) Explorer::Get().Fail("arrives at one gone");
          if (last) Unpark();
        },
        [&task](u64 destroy) {
          if (destroy != kDestroy) Explorer::Get().Fail("not what was dropped");
          task.Delete();
        });
  }

  void Unpark() {
    ++sent_;
    unparked_.store(1, std::memory_order_release);
    FutexWakeAll(unparked_);
  }

  std::array<ModelTask, kTasks> tasks_;
  Named name_arrivals_{"arrivals"};
  Arrivals<Atomics<>> arrivals_{kWanted};
  Named name_unparked_{"unparked"};
  Atomic<u32> unparked_{0};
  Ghost left_;
  Ghost sent_;
  Ghost received_;
};

TEST_CASE("Wait many model: for any, as long as it takes") {
  ExpectRight<ManyWorld<1, false>>("any of two");
}

TEST_CASE("Wait many model: for any, with a timeout") {
  ExpectRight<ManyWorld<1, true>>("any of two, timeout");
}

TEST_CASE("Wait many model: for all, as long as it takes") {
  ExpectRight<ManyWorld<2, false>>("all of two");
}

TEST_CASE("Wait many model: for all, with a timeout") {
  ExpectRight<ManyWorld<2, true>>("all of two, timeout");
}

// ---- mutations ----

// Takes its mark off the tasks, but does not ask who has found it.
struct LeaveAtOnce {
  template <class TaskAt, class ArrivalsT, class Park, class ParkForCertain>
  static ParkedWait Run(TaskAt task, u32 count, u32, ArrivalsT& arrivals,
                        u64 waiter, Park park, ParkForCertain) {
    bool reached = false;
    for (u32 i = 0; i < count && !reached; ++i) {
      task(i).waiter_ = waiter;
      if (ChangeState(task(i).state_, TaskState::kPending,
                      TaskState::kParked)) {
        continue;
      }
      reached = arrivals.Arrive();
    }
    if (!reached) reached = park();
    for (u32 i = 0; i < count; ++i) {
      static_cast<void>(
          ChangeState(task(i).state_, TaskState::kParked, TaskState::kPending));
    }
    return reached ? ParkedWait::kDone : ParkedWait::kGaveUp;
  }
};

TEST_CASE("Wait many model: finds who leaves while the other one arrives") {
  using Mutant = ManyWorld<1, false, LeaveAtOnce>;
  ExpectFound<Mutant>(Model::kTso, "any, leaves at once",
                      "arrives at one gone");
  ExpectFound<Mutant>(Model::kCpp, "any, leaves at once",
                      "data race on waiter_");
}

}  // namespace
}  // namespace chi::model
