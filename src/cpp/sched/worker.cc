// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The public face of a worker. Methods call it, and what it allocates then is
// the runtime's and not their pool's.

#include "chimaera/sched/worker.h"

#include <sched.h>
#include <time.h>

#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/ipc/life_word.h"
#include "chimaera/ipc/session.h"
#include "chimaera/sched/executor.h"
#include "chimaera/shm/storage.h"
#include "sched/worker_impl.h"

namespace chi {
namespace {

__thread Worker* current_worker __attribute__((tls_model("initial-exec"))) =
    nullptr;

}  // namespace

void SetCurrentWorker(Worker* worker) { current_worker = worker; }

Worker::Worker(const WorkerOptions& options, Executor& executor)
    : impl_(std::make_unique<Impl>(*this, options, executor)) {}
Worker::~Worker() = default;

Status Worker::Start() { return impl_->Start(); }
void Worker::Stop() {
  while (!impl_->StopWithin(kNsPerSec)) {
  }
}
bool Worker::StopWithin(u64 timeout_ns) {
  return impl_->StopWithin(timeout_ns);
}

bool Worker::Inject(std::function<void()> job) {
  const HeapScope heap;
  return impl_->Inject(std::move(job));
}

void Worker::InjectTask(hipc::FullPtr<Task> task, Session* session) {
  const HeapScope heap;
  if (impl_->Inject(
          [this, task, session] { impl_->EnqueueLocal(task, session); })) {
    return;
  }
  const Status ended = Status::RuntimeDied("the runtime has stopped");
  task->SetError(ended.code_value(), ended.message());
  FinishInternalTask(task);
}

void Worker::InjectCall(std::function<void(RunContext&)> call) {
  const HeapScope heap;
  impl_->Inject([this, call = std::move(call)] { impl_->EnqueueCall(call); });
}

bool Worker::AttachRing(RingSource source) {
  auto hold = std::make_shared<LaneHold>(source.session);
  return impl_->InjectLane(source, hold);
}

void Worker::DetachSession(u64 session_id, std::function<void()> done) {
  impl_->Inject([this, session_id, done = std::move(done)] {
    impl_->DetachLanes(session_id, done);
  });
}

void Worker::GiveRing(Worker& to, Priority priority, u64 max_share_ns,
                      u64 round) {
  impl_->Inject([this, &to, priority, max_share_ns, round] {
    impl_->GiveRing(to, priority, max_share_ns, round);
  });
}

Result<bool> Worker::HandOver(ShmPtr pointer) {
  const HeapScope heap;
  return impl_->HandOver(pointer);
}
void Worker::CountRun(u64 busy_ns, u64 runs) { impl_->CountRun(busy_ns, runs); }

bool Worker::RelieveBy(Worker& stand_in) {
  return impl_->GiveAwayWhileStuck(stand_in);
}

bool Worker::TEST_PollOnce() {
  SetCurrentWorker(this);
  const bool busy = impl_->TEST_PollOnce();
  SetCurrentWorker(nullptr);
  return busy;
}

u32 Worker::index() const { return impl_->options().index; }
WorkerKind Worker::kind() const { return impl_->options().kind; }
Worker& Worker::Peer(u32 step) {
  const auto* peers = impl_->options().peers;
  return peers == nullptr ? *this : *(*peers)[(index() + step) % peers->size()];
}
const Clock& Worker::clock() const { return *impl_->options().clock; }
SessionCommons* Worker::commons() const { return impl_->options().commons; }
Tracer* Worker::tracer() const { return impl_->options().tracer; }

char* Worker::Resolve(ShmPtr pointer, u64 bytes, const RunContext* run) const {
  if (run != nullptr && run->session != nullptr) {
    return run->session->Resolve(pointer, bytes);
  }
  if (pointer.IsPrivate()) return pointer.private_address();
  return commons() == nullptr ? nullptr
                              : commons()->segments.Resolve(pointer, bytes);
}

const WorkerStats& Worker::stats() const { return impl_->stats(); }
Running Worker::running() const { return impl_->running(); }
void Worker::Show(const RunPlan* plan) { impl_->Show(plan); }
LatencyHistogram& Worker::runs() { return impl_->runs(); }
const LatencyHistogram& Worker::runs() const { return impl_->runs(); }
u64 Worker::TasksBegun() const { return impl_->TasksBegun(); }

Storage& Worker::in_place_storage() { return impl_->in_place_storage(); }
IoRing* Worker::io_ring() {
  const HeapScope heap;
  return impl_->io_ring();
}

void Worker::VisitRuns(
    const std::function<void(const ParkedRun&)>& visit) const {
  impl_->VisitRuns(visit);
}

Worker* Worker::Current() { return current_worker; }
RunContext* Worker::current_run() const { return impl_->current_run(); }

void Worker::EnqueueLocal(hipc::FullPtr<Task> task) {
  const HeapScope heap;
  impl_->EnqueueLocal(task);
}
void Worker::EnqueueSubtask(hipc::FullPtr<Task> task) {
  const HeapScope heap;
  impl_->EnqueueSubtask(task);
}

Status Worker::Park(ParkedRun& run, u64 deadline_ns) {
  const HeapScope heap;
  return impl_->Park(run, deadline_ns);
}
void Worker::ParkForCertain(ParkedRun& run) {
  const HeapScope heap;
  impl_->ParkForCertain(run);
}

void Worker::Unpark(ParkedRun& run) {
  Worker* const owner = run.worker;
  if (owner == nullptr) {
    // release: what the unparker did comes before the thread goes on.
    run.thread_word.store(1, std::memory_order_release);
    FutexWake(&run.thread_word, 1);
  } else if (owner == current_worker) {
    owner->impl_->UnparkHere(run);
  } else {
    const bool taken = owner->impl_->InjectNode(&run);
    CHI_CHECK(taken);  // no worker ends before its runs
  }
}

Status Worker::Yield() {
  const HeapScope heap;
  return impl_->Yield();
}

void Worker::CancelSubmitted(ShmPtr slot, RunContext& ctx) {
  const HeapScope heap;
  impl_->CancelSubmitted(slot, ctx);
}
void Worker::CancelInternal(u64 client_id, const Task* task) {
  const HeapScope heap;
  static_cast<void>(impl_->CancelKey(client_id, KeyOf(task)));
}
Status Worker::AwaitPeriod(u64 due_ns, u64 timeout_ns) {
  const HeapScope heap;
  return impl_->AwaitPeriod(due_ns, timeout_ns);
}
void Worker::EndPeriodic(const std::atomic<u64>* held_runs) {
  impl_->EndIdle(held_runs);
}
void Worker::CountMissed(u64 periods) {
  impl_->stats().missed_periods.fetch_add(periods, std::memory_order_relaxed);
}

RunContext* CurrentRun() {
  return current_worker == nullptr ? nullptr : current_worker->current_run();
}

Storage& InPlaceStorage() { return current_worker->in_place_storage(); }

const char* RunContext::Resolve(hipc::Pointer pointer, u64 size) const {
  return current_worker->Resolve(pointer, size, this);
}

char* RunContext::ResolveWritable(hipc::Pointer pointer, u64 size) const {
  if (session != nullptr) return session->ResolveWritable(pointer, size);
  return current_worker->Resolve(pointer, size, this);
}

namespace this_task {

void Yield() {
  if (CurrentRun() == nullptr) {
    sched_yield();
    return;
  }
  const Status yielded = current_worker->Yield();
  if (!yielded.ok()) throw StatusError(yielded);
}

void SleepFor(u64 duration_ns) {
  if (CurrentRun() == nullptr) {
    timespec left{static_cast<time_t>(duration_ns / kNsPerSec),
                  static_cast<long>(duration_ns % kNsPerSec)};
    while (nanosleep(&left, &left) != 0) {
    }
    return;
  }
  ParkedRun run(WaitKind::kSleep);
  run.since_ns = current_worker->clock().NowNs();
  const Status parked =
      current_worker->Park(run, DeadlineNs(run.since_ns, duration_ns));
  if (run.interrupted() || parked.code() != StatusCode::kDeadlineExceeded) {
    throw StatusError(parked);
  }
}

}  // namespace this_task
}  // namespace chi
