// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Completion against a waiter, explored exhaustively: a thread that sleeps on
// the state word, and a fiber that parks on its worker. Both may give up when
// their time is over; then they drop the task, or wait once more. The task is
// written over as soon as its owner is free to delete it, so that whoever
// still reads it is caught as a data race. Mutations show that the explorer
// can see what it looks for.

#include <array>
#include <utility>

#include "chimaera/ipc/completion.h"
#include "expect.h"
#include "idle_worker.h"

namespace chi::model {
namespace {

constexpr u64 kOutcome = 42;
constexpr u64 kDestroy = 77;

template <class Mutation>
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

  Atomic<u32, Mutation> state_{static_cast<u32>(TaskState::kPending)};
  Plain<u64> waiter_;
  Plain<u64> outcome;
  Ghost deleted;
};

/// As the product does it.
struct RealFinish {
  template <class TaskT, class Wake, class Unpark, class Destroy>
  static void Run(TaskT& task, Wake wake, Unpark unpark, Destroy destroy) {
    FinishAndTell(task, TaskState::kDone, wake, unpark, destroy);
  }
};

template <class Mutation, class Finish>
class CompletionWorld : public World {
 public:
  [[nodiscard]] u32 num_threads() const override { return 2; }
  [[nodiscard]] const char* ThreadName(u32 thread) const override {
    return thread == 0 ? "waiter" : "finisher";
  }
  void Run(u32 thread) override {
    if (thread == 0) {
      RunWaiter();
    } else {
      RunFinisher();
    }
  }
  void AtEnd() override {
    if (task_.deleted.value() != 1) Explorer::Get().Fail("task leaked");
  }

 protected:
  virtual void RunWaiter() = 0;
  virtual void Unpark(u64 waiter) = 0;

  // FinishInternalTask.
  void RunFinisher() {
    task_.outcome = kOutcome;
    Finish::Run(
        task_, [this] { FutexWakeAll(task_.state_); },
        [this](u64 waiter) { Unpark(waiter); },
        [this](u64 destroy) {
          if (destroy != kDestroy) Explorer::Get().Fail("not what was dropped");
          task_.Delete();
        });
  }
  void TakeOutcome() {
    if (task_.outcome != kOutcome) Explorer::Get().Fail("no outcome");
    task_.Delete();
  }
  void Drop() {
    if (DropTask(task_, kDestroy)) task_.Delete();
  }

  ModelTask<Mutation> task_;
};

// ---- a thread ----

template <bool kMayTimeOut, class Mutation = Faithful,
          class Finish = RealFinish>
class ThreadWorld final : public CompletionWorld<Mutation, Finish> {
 private:
  using CompletionWorld<Mutation, Finish>::task_;

  // SpinWaiter::Sleep. False: its time is over.
  bool Wait(bool may_time_out) {
    static_cast<void>(
        ChangeState(task_.state_, TaskState::kPending, TaskState::kAwaited));
    while (!IsDoneState(task_.state_)) {
      Explorer::Get().Forget({1, may_time_out ? 1u : 0u});
      if (!FutexSleep(task_.state_, static_cast<u32>(TaskState::kAwaited),
                      may_time_out)) {
        return false;
      }
    }
    return true;
  }

  void RunWaiter() override {
    if (Wait(kMayTimeOut)) return this->TakeOutcome();
    if (Choose(2) == 0) return this->Drop();
    static_cast<void>(Wait(false));
    this->TakeOutcome();
  }

  void Unpark(u64) override {
    Explorer::Get().Fail("what lies in the task is taken for a parked fiber");
  }
};

// ---- a fiber ----

/// As the product does it.
struct RealWait {
  template <class TaskT, class Park, class ParkForCertain>
  static ParkedWait Run(TaskT& task, u64 waiter, Park park,
                        ParkForCertain park_for_certain) {
    return WaitParked(task, waiter, park, park_for_certain);
  }
};

// Each wait has a run of its own, as it has in the product, on its stack.
// Mirrored here are Worker::Impl::Park, its loop and ParkedRuns::Wake.
template <bool kMayTimeOut, class Mutation = Faithful, class Wait = RealWait,
          class Finish = RealFinish>
class FiberWorld final : public CompletionWorld<Mutation, Finish> {
 public:
  FiberWorld() {
    for (u32 i = 0; i < runs_.size(); ++i) runs_[i].id = i;
  }

 private:
  using CompletionWorld<Mutation, Finish>::task_;
  enum class Wake { kNone, kUnparked, kDeadline };

  // No rings: they have a model of their own.
  struct NoLanes {
    static void AnnounceParked() {}
    static void CancelParked() {}
    static bool LookEmpty() { return true; }
  };

  void Drain() {
    for (Node* node = inbox_.TakeAll(); node != nullptr;) {
      Node* const next = node->next;
      if (node->id != run_) Explorer::Get().Fail("a run that has gone woke");
      ++received_;
      if (parked_ && wake_ == Wake::kNone) {
        wake_ = Wake::kUnparked;
      } else {
        unparked_early_ = true;
      }
      node = next;
    }
  }

  bool Park(bool may_time_out) {
    if (std::exchange(unparked_early_, false)) return true;
    parked_ = true;
    wake_ = Wake::kNone;
    while (wake_ == Wake::kNone) {
      Explorer::Get().Forget({2, run_, may_time_out ? 1u : 0u});
      Drain();
      if (wake_ != Wake::kNone) break;
      bool expired = may_time_out && Choose(2) != 0;
      if (!expired) {
        SleepUnlessWork(sleeper_, inbox_, lanes_, [&] {
          expired = !sleeper_.event().Sleep(may_time_out);
        });
      }
      if (expired) {
        wake_ = Wake::kDeadline;
        Drain();  // it is ready, but the loop has not come to it
      }
    }
    parked_ = false;
    return wake_ == Wake::kUnparked;
  }

  ParkedWait WaitWith(u32 run, bool may_time_out) {
    run_ = run;
    const ParkedWait end = Wait::Run(
        task_, run, [this, may_time_out] { return Park(may_time_out); },
        [this] {
          while (!Park(false)) {
          }
        });
    // The stack frame that holds the run is left.
    left_[run].Reset();
    ++left_[run];
    runs_[run].next = nullptr;
    if (sent_.value() != received_.value()) {
      Explorer::Get().Fail("left with its wake-up in the inbox");
    }
    run_ = ~0u;
    return end;
  }

  void RunWaiter() override {
    if (WaitWith(0, kMayTimeOut) == ParkedWait::kDone) {
      return this->TakeOutcome();
    }
    if (Choose(2) == 0) return this->Drop();
    if (WaitWith(1, false) != ParkedWait::kDone) {
      Explorer::Get().Fail("not done, and not timed out");
    }
    this->TakeOutcome();
  }

  // Worker::Unpark from another thread.
  void Unpark(u64 waiter) override {
    if (waiter >= runs_.size() || left_[waiter].value() != 0) {
      Explorer::Get().Fail("unparks a run that has gone");
    }
    ++sent_;
    if (!inbox_.Push(&runs_[waiter])) Explorer::Get().Fail("closed");
    sleeper_.Wake();
  }

  Named name_flag_{"worker's parked"};
  ModelSleeper<Mutation> sleeper_;
  Named name_inbox_{"inbox head"};
  ModelInbox<Mutation> inbox_;
  NoLanes lanes_;
  Named name_runs_{"run.next"};
  std::array<Node, 2> runs_;
  std::array<Ghost, 2> left_;
  Ghost sent_;
  Ghost received_;
  // Owned by the waiter's thread.
  u32 run_ = ~0u;
  bool parked_ = false;
  bool unparked_early_ = false;
  Wake wake_ = Wake::kNone;
};

TEST_CASE("Completion model: a thread that waits as long as it takes") {
  ExpectRight<ThreadWorld<false>>("thread");
}

TEST_CASE("Completion model: a thread that may give up") {
  ExpectRight<ThreadWorld<true>>("thread with timeout");
}

TEST_CASE("Completion model: a fiber that waits as long as it takes") {
  ExpectRight<FiberWorld<false>>("fiber");
}

TEST_CASE("Completion model: a fiber that may give up") {
  ExpectRight<FiberWorld<true>>("fiber with timeout");
}

// ---- mutations ----

struct FinishInTwoSteps : Faithful {
  template <typename T>
  static constexpr Exchange ForExchange() {
    return sizeof(T) == 4 ? Exchange::kLoadThenStore : Exchange::kAtomic;
  }
};

TEST_CASE("Completion model: finds the loss when done is not an exchange") {
  constexpr auto kLost = "asleep for ever: waiter";
  using Thread = ThreadWorld<false, FinishInTwoSteps>;
  ExpectFound<Thread>(Model::kTso, "thread, load and store", kLost);
  ExpectFound<Thread>(Model::kCpp, "thread, load and store", kLost);
  using Fiber = FiberWorld<false, FinishInTwoSteps>;
  ExpectFound<Fiber>(Model::kTso, "fiber, load and store", kLost);
}

// Leaves without asking whether the wake-up is on its way.
struct LeaveAtOnce {
  template <class TaskT, class Park, class ParkForCertain>
  static ParkedWait Run(TaskT& task, u64 waiter, Park park, ParkForCertain) {
    task.waiter_ = waiter;
    if (!ChangeState(task.state_, TaskState::kPending, TaskState::kParked)) {
      return ParkedWait::kDone;
    }
    return park() ? ParkedWait::kDone : ParkedWait::kGaveUp;
  }
};

TEST_CASE("Completion model: finds the fiber that leaves its wake-up behind") {
  using Mutant = FiberWorld<true, Faithful, LeaveAtOnce>;
  ExpectFound<Mutant>(Model::kTso, "fiber leaves at once",
                      "unparks a run that has gone");
}

// The product did so once: `waiter_` told threads and fibers apart, and was
// read when the thread might have dropped or deleted the task already.
struct ReadAfterDone {
  template <class TaskT, class Wake, class Unpark, class Destroy>
  static void Run(TaskT& task, Wake wake, Unpark unpark, Destroy destroy) {
    const TaskState old = FinishState(task.state_, TaskState::kDone);
    if (old == TaskState::kPending) return;
    const u64 waiter = task.waiter_;
    if (old == TaskState::kOrphaned) {
      destroy(waiter);
    } else if (waiter != 0) {
      unpark(waiter);
    } else {
      wake();
    }
  }
};

TEST_CASE("Completion model: finds the read of a task that may be deleted") {
  using Mutant = ThreadWorld<true, Faithful, ReadAfterDone>;
  ExpectFound<Mutant>(Model::kTso, "waiter_ read after done",
                      "what lies in the task is taken");
  ExpectFound<Mutant>(Model::kCpp, "waiter_ read after done",
                      "data race on waiter_");
}

}  // namespace
}  // namespace chi::model
