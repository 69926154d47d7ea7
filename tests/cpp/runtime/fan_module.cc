// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The runtime of the module in fan_tasks.h.

#include <atomic>

#include "chimaera/chimaera.h"
#include "chimaera/comutex.h"
#include "chimaera/core/create_pool_task.h"
#include "chimaera/core/method_table.h"
#include "chimaera/core/module_entry.h"
#include "chimaera/echo/echo_tasks.h"
#include "chimaera/sched/worker.h"
#include "runtime/fan_tasks.h"

namespace chi::test {
namespace {

using namespace fan;  // NOLINT(google-build-using-namespace): its other half

class Runtime : public Container {
 public:
  struct CreateParams {
    static constexpr const char* chimod_lib_name = "fan";
  };

  // A pool called "ticking" ticks by itself, in all containers: by a task of
  // each, and by one for all. They come up before the pool does.
  void Create(hipc::FullPtr<CreatePoolTask>, RunContext&) {
    if (pool_name_ != "ticking") return;
    Tick(PoolQuery::DirectId(container_id_));
    if (container_id_ == 0) Tick(PoolQuery::Broadcast());
    for (int i = 0; i < 10; ++i) this_task::Yield();
  }

  void Work(hipc::FullPtr<WorkTask> task, RunContext& ctx) {
    if (ctx.exec_mode == ExecMode::kDynamicSchedule) return Decide(*task);
    task->ids_.push_back(container_id_);
    task->workers_ = u64{1} << Worker::Current()->index();
    task->total_ = task->value_ + container_id_;
    switch (task->act_) {
      case Act::kFail:
      case Act::kThrow:
        return Fail(*task);
      case Act::kBytes:
        return Bytes(*task, ctx);
      case Act::kMeet:
        return Meet(task->value_);
      case Act::kLock:
        task->total_ = Lock() ? 0 : 1;
        return;
      case Act::kNested:
        return Nested(*task);
      case Act::kChild:
        return Child(PoolQuery::DirectId(container_id_), Act::kForever, *task);
      case Act::kNestedMeet:
        return Child(PoolQuery::Broadcast(), Act::kMeet, *task);
      case Act::kTick:
        ++ticks_;
        return;
      case Act::kTicks:
        task->total_ = ticks_;
        return;
      case Act::kLeave:
        return Leave(task->value_);
      case Act::kForever:
        return this_task::SleepFor(~u64{0} / 4);
      default:
        return;
    }
  }

  void First(hipc::FullPtr<FirstTask> task, RunContext&) {
    task->text_ = task->text_.str() + "!";
    task->id_ = container_id_;
  }
  void InPlace(hipc::FullPtr<InPlaceTask> task, RunContext&) {
    task->total_ = task->text_.size();
    task->max_ = container_id_;
  }
  void Plain(hipc::FullPtr<PlainTask> task, RunContext&) {
    task->answer_ = 10 * task->value_ + container_id_ + num_containers_;
  }
  void Uncopyable(hipc::FullPtr<UncopyableTask>, RunContext&) {}

 private:
  void Tick(const PoolQuery& query) const {
    auto* ipc = CHI_IPC;
    auto task =
        ipc->NewTask<WorkTask>(CreateTaskId(), pool_id_, query, Act::kTick, 0);
    task->SetPeriodic(kNsPerMs);
    task->task_flags_.SetBits(TASK_FIRE_AND_FORGET);
    ipc->Enqueue(task);
  }

  static void Decide(WorkTask& task) {
    if (task.act_ == Act::kUndecided) throw std::runtime_error("nowhere");
    task.pool_query_ = task.act_ == Act::kBeyond ? PoolQuery::DirectId(99)
                                                 : PoolQuery::Broadcast();
  }

  static void Leave(u64 duration_ns) {
    auto* ipc = CHI_IPC;
    auto task = ipc->NewTask<chimaera::echo::SleepTask>(
        CreateTaskId(), PoolId(300, 0), PoolQuery::Local(), duration_ns);
    task->task_flags_.SetBits(TASK_FIRE_AND_FORGET);
    ipc->Enqueue(task);
  }

  void Fail(WorkTask& task) const {
    if ((task.value_ >> container_id_ & 1) == 0) return;
    const std::string text = "told to " + task.text_.str();
    if (task.act_ == Act::kThrow) throw std::runtime_error(text);
    task.SetError(100 + container_id_, text);
  }

  static void Bytes(WorkTask& task, const RunContext& ctx) {
    const char* bytes = ctx.Resolve(task.data_, task.length_);
    if (bytes == nullptr) return task.SetError(7, "not the client's");
    task.total_ = 0;
    for (u64 i = 0; i < task.length_; ++i) {
      task.total_ += static_cast<u8>(bytes[i]);
    }
  }

  static void Meet(u64 wanted) {
    static std::atomic<u64> arrived{0};
    ++arrived;
    while (arrived.load() % wanted != 0) this_task::Yield();
  }

  // True if nobody else was inside at the same time.
  static bool Lock() {
    static CoMutex mutex;
    static std::atomic<u32> inside{0};
    const ScopedCoMutex lock(mutex);
    bool alone = ++inside == 1;
    for (int i = 0; i < 20; ++i) {
      this_task::Yield();
      alone &= inside.load() == 1;
    }
    --inside;
    return alone;
  }

  void Nested(WorkTask& task) const {
    const ScopedCoMutex lock(nested_mutex_);
    task.value_ = 1;
    Child(PoolQuery::Broadcast(), Act::kSum, task);
  }

  // A subtask, for which the task waits; it has its results.
  void Child(const PoolQuery& query, Act act, WorkTask& task) const {
    auto* ipc = CHI_IPC;
    auto child = ipc->Submit(ipc->NewTask<WorkTask>(CreateTaskId(), pool_id_,
                                                    query, act, task.value_));
    const Status status = child.Get();
    if (!status.ok()) throw StatusError(status);
    task.total_ = child->total_;
    task.workers_ = child->workers_;
  }

  static CoMutex nested_mutex_;
  std::atomic<u64> ticks_{0};
};

CoMutex Runtime::nested_mutex_;

const MethodRow kRows[] = {
    MakeMethod<Runtime, CreatePoolTask, &Runtime::Create>(0, "Create"),
    CHI_OPTIONAL_DESTROY(Runtime),
    MakeMethod<Runtime, WorkTask, &Runtime::Work>(kWork, "Work"),
    MakeMethod<Runtime, FirstTask, &Runtime::First>(kFirst, "First"),
    MakeMethod<Runtime, InPlaceTask, &Runtime::InPlace>(kInPlace, "InPlace"),
    MakeMethod<Runtime, PlainTask, &Runtime::Plain>(kPlain, "Plain"),
    MakeMethod<Runtime, UncopyableTask, &Runtime::Uncopyable>(kUncopyable,
                                                              "Uncopyable"),
};

}  // namespace
}  // namespace chi::test

CHI_MODULE_METHODS(chi::test::kRows, "1.0")
CHI_TASK_CC(chi::test::Runtime);
