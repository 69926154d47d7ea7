// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the methods of echo do. An error goes into the task by SetError; what
// is thrown is caught by the runtime.

#include "chimaera/echo/echo_runtime.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "chimaera/admin/route_here.h"
#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/core/module_config.h"

namespace chimaera::echo {
namespace {

constexpr chi::u64 kMaxBusyNs = 10 * chi::kNsPerSec;
// Subtasks that exist at a time.
constexpr chi::u32 kSpawnBatch = 256;
// So many make a long task.
constexpr chi::u32 kManySubtasks = 1000;

void Fail(chi::Task& task, const chi::Status& status) {
  task.SetError(status.code_value(), status.message());
}

// Not a tail call, and each frame is used: the compiler cannot flatten it.
#if defined(__clang__)
__attribute__((noinline, optnone))
#else
__attribute__((noinline, optimize("O0")))
#endif
int Recurse(int depth) {
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  if (depth < 0) return frame[0];
  return Recurse(depth + 1) + frame[0];
}

}  // namespace

void CreateParams::LoadConfig(const chi::PoolConfig& config) {
  chi::ModuleConfig reader(config);
  reader.ReadBool("allow_crash", &allow_crash_);
  if (const chi::Status status = reader.Finish(); !status.ok()) {
    throw chi::StatusError(status);
  }
}

void Runtime::Init(const chi::PoolId& pool_id, const std::string& pool_name) {
  chi::Container::Init(pool_id, pool_name);
  client_ = Client(pool_id);
}

void Runtime::Create(hipc::FullPtr<CreateTask> task,
                     chi::RunContext& /*rctx*/) {
  // A client that sends method 0 to the pool itself must not change it.
  if (task->pool_id_ == pool_id_) {
    return Fail(*task, chi::Status::PermissionDenied(chi::Format(
                           "pool {}: only the admin pool creates", pool_id_)));
  }
  allow_crash_ = task->GetParams().allow_crash_;
}

void Runtime::Null(hipc::FullPtr<NullTask> task, chi::RunContext& rctx) {
  RouteHere(*task, rctx);
}

chi::Status Runtime::TypedNull(const TypedNullIn& /*in*/, TypedNullOut& /*out*/,
                               chi::RunContext& /*ctx*/) {
  return {};
}

void Runtime::Echo(hipc::FullPtr<EchoTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  task->container_id_ = container_id_;
}

void Runtime::Sleep(hipc::FullPtr<SleepTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  chi::this_task::SleepFor(task->duration_ns_);
}

void Runtime::Monitor(chi::MonitorModeId mode, chi::MethodId method,
                      hipc::FullPtr<chi::Task> task, chi::RunContext& rctx) {
  if (mode != chi::MonitorModeId::kLocalSchedule) return;
  if (method == Method::kBusy) {
    rctx.plan->expected_ns = task.Cast<BusyTask>()->duration_ns_;
  } else if (method == Method::kGrow) {
    rctx.plan->size = task.Cast<GrowTask>()->size_;
  }
}

void Runtime::Busy(hipc::FullPtr<BusyTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  if (task->duration_ns_ > kMaxBusyNs) {
    return Fail(*task, chi::Status::BadRequest(chi::Format(
                           "busy for {} ns; at most {} are possible",
                           task->duration_ns_, kMaxBusyNs)));
  }
  const chi::Clock& clock = chi::SystemClock::Get();
  const chi::u64 end_ns = clock.NowNs() + task->duration_ns_;
  while (clock.NowNs() < end_ns) {
  }
}

void Runtime::Throw(hipc::FullPtr<ThrowTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  if (task->text_.empty()) throw 7;
  throw std::runtime_error(task->text_.str());
}

void Runtime::Crash(hipc::FullPtr<CrashTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  if (!allow_crash_) {
    return Fail(*task,
                chi::Status::PermissionDenied(chi::Format(
                    "pool {} was created without allow_crash", pool_id_)));
  }
  switch (static_cast<CrashKind>(task->kind_)) {
    case CrashKind::kAbort:
      std::abort();
    case CrashKind::kSegv:
      std::raise(SIGSEGV);
      break;
    case CrashKind::kStackOverflow:
      task->kind_ = static_cast<chi::u32>(Recurse(0));
      break;
  }
  Fail(*task, chi::Status::BadRequest(
                  chi::Format("no kind of crash: {}", task->kind_)));
}

void Runtime::Spawn(hipc::FullPtr<SpawnTask> task, chi::RunContext& rctx) {
  if (rctx.exec_mode == chi::ExecMode::kDynamicSchedule &&
      rctx.plan != nullptr && task->count_ >= kManySubtasks) {
    rctx.plan->priority = chi::kHighLatency;
  }
  if (RouteHere(*task, rctx)) return;
  if (task->count_ > SpawnTask::kMaxCount) {
    return Fail(*task, chi::Status::BadRequest(
                           chi::Format("{} subtasks; at most {} are possible",
                                       task->count_, SpawnTask::kMaxCount)));
  }
  std::vector<chi::Future<NullTask>> futures;
  for (chi::u32 left = task->count_; left > 0;) {
    const chi::u32 batch = std::min(left, kSpawnBatch);
    for (chi::u32 i = 0; i < batch; ++i) {
      futures.push_back(client_.AsyncNull(HSHM_MCTX, chi::PoolQuery::Local()));
    }
    for (auto& future : futures) {
      if (future.Get().ok()) ++task->succeeded_;
    }
    futures.clear();
    left -= batch;
  }
}

void Runtime::Grow(hipc::FullPtr<GrowTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  if (task->size_ > GrowTask::kMaxSize) {
    return Fail(*task, chi::Status::BadRequest(
                           chi::Format("a text of {} bytes; at most {} are "
                                       "possible",
                                       task->size_, GrowTask::kMaxSize)));
  }
  task->text_.resize(task->size_);
  char* const text = task->text_.data();
  for (chi::u64 i = 0; i < task->size_; ++i) {
    text[i] = static_cast<char>('a' + i % 26);
  }
}

chi::CoMutex Runtime::mutex_;
chi::CoRwLock Runtime::rw_lock_;
std::atomic<chi::u64> Runtime::num_inside_{0};

void Runtime::Lock(hipc::FullPtr<LockTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  if (task->subtasks_ > LockTask::kMaxDepth) {
    return Fail(*task, chi::Status::BadRequest(
                           chi::Format("{} subtasks deep; at most {} possible",
                                       task->subtasks_, LockTask::kMaxDepth)));
  }
  switch (static_cast<LockMode>(task->mode_)) {
    case LockMode::kMutex: {
      const chi::ScopedCoMutex lock(mutex_);
      return InsideLock(*task);
    }
    case LockMode::kRead: {
      const chi::ScopedCoRwReadLock lock(rw_lock_);
      return InsideLock(*task);
    }
    case LockMode::kWrite: {
      const chi::ScopedCoRwWriteLock lock(rw_lock_);
      return InsideLock(*task);
    }
  }
  Fail(*task, chi::Status::BadRequest(
                  chi::Format("no mode of locking: {}", task->mode_)));
}

void Runtime::InsideLock(LockTask& task) {
  task.order_ = num_inside_.fetch_add(1, std::memory_order_relaxed);
  if (task.hold_ns_ > 0) chi::this_task::SleepFor(task.hold_ns_);
  if (task.subtasks_ == 0) return;
  const chi::Status status = client_.Lock(HSHM_MCTX, chi::PoolQuery::Local(),
                                          static_cast<LockMode>(task.mode_),
                                          task.hold_ns_, task.subtasks_ - 1);
  if (!status.ok()) Fail(task, status);
}

}  // namespace chimaera::echo

CHI_TASK_CC(chimaera::echo::Runtime);
