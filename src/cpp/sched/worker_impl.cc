// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The loop. It runs on whichever fiber has it at the moment; every method it
// calls may park that fiber and resume it much later, so nothing that was
// read before a call is used after it, and `switches_` tells a loop over
// lanes that it no longer is where it thinks.

#include "sched/worker_impl.h"

#include <sched.h>

#include <algorithm>

#include "chimaera/base/check.h"
#include "chimaera/base/fault_point.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/sched/tracer.h"

namespace chi {
namespace {

// Offers of the CPU to a client that shares it, before sleeping.
constexpr u32 kOffersOnSharedCpu = 2;
// Turns of the loop between two looks at the clock while timers run.
constexpr u32 kTurnsPerTimerLook = 16;

struct Job : InboxNode {
  explicit Job(std::function<void()> job_fn) : fn(std::move(job_fn)) {}
  std::function<void()> fn;
};

void CpuRelax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

bool HasSecondCpu() {
  cpu_set_t allowed;
  return sched_getaffinity(0, sizeof(allowed), &allowed) != 0 ||
         CPU_COUNT(&allowed) > 1;
}

void Count(std::atomic<u64>& counter, u64 value) {
  counter.store(value, std::memory_order_relaxed);
}

void Increment(std::atomic<u64>& counter) {
  Count(counter, counter.load(std::memory_order_relaxed) + 1);
}

}  // namespace

Worker::Impl::Impl(Worker& self, const WorkerOptions& options,
                   Executor& executor)
    : self_(self),
      options_(options),
      executor_(executor),
      fibers_(options.stack_bytes, [this] { Loop(); }),
      port_(self),
      waiter_(self, *options.clock),
      storage_(self),
      idle_(*options.clock, options.first_busy_wait_ns,
            options.max_busy_wait_ns, HasSecondCpu()) {}

// What came to a worker that was never started.
void Worker::Impl::DropInbox() {
  for (InboxNode* node = inbox_.TakeAll(); node != nullptr;) {
    InboxNode* next = node->next;
    CHI_CHECK(!node->is_run);
    delete static_cast<Job*>(node);
    node = next;
  }
}

bool Worker::Impl::InjectNode(InboxNode* node) {
  num_injecting_.fetch_add(1, std::memory_order_relaxed);
  const bool taken = inbox_.Push(node);
  while (CHI_FAULT("sched.worker.after_push")) sched_yield();
  if (taken) sleeper_.Wake();
  // Pairs with the acquire in StopWithin; nothing is touched after it.
  num_injecting_.fetch_sub(1, std::memory_order_release);
  return taken;
}

bool Worker::Impl::Inject(std::function<void()> job) {
  auto node = std::make_unique<Job>(std::move(job));
  if (!InjectNode(node.get())) return false;
  static_cast<void>(node.release());
  return true;
}

void Worker::Impl::Loop() {
  Count(stats_.fibers, fibers_.num_fibers());
  while (!ended_) {
    Increment(stats_.turns);
    if (__builtin_expect(relieved_.load(std::memory_order_relaxed), 0)) {
      RejoinAfterRelief();
    }
    bool busy = PollLanes();
    busy |= RunLocal();
    busy |= DrainInbox();
    busy |= PollFiles();
    busy |= WakeExpired();
    busy |= ResumeReady();
    if (stopping_ && MayEnd(busy)) return;
    if (busy) {
      idle_.OnWork();
      offers_ = 0;
    } else {
      BeIdle();
    }
  }
}

// Polls on, or lets a client on this CPU run, or sleeps.
void Worker::Impl::BeIdle() {
  if (idle_.IsTimeToLook()) {
    idle_.SetSharedCpu(lanes_.AnyWaitsOn(static_cast<u32>(sched_getcpu())));
  }
  if (idle_.KeepSpinning()) {
    CpuRelax();
  } else if (idle_.shared_cpu() && offers_ < kOffersOnSharedCpu) {
    ++offers_;
    sched_yield();
  } else {
    Sleep();
    offers_ = 0;
  }
}

// release: who finds the worker in this run may look at what it did before.
inline void Worker::Impl::Enter(Frame& frame) {
  frame_.store(&frame, std::memory_order_release);
  internal::thread_task = &frame.context.task_id;
}

// relieved_ is to be read after it, see worker_relief.cc.
inline void Worker::Impl::Leave() {
  frame_.store(nullptr, std::memory_order_release);
  internal::thread_task = nullptr;
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

inline void Worker::Impl::BeginRun(Frame& frame) {
  Enter(frame);
  Increment(stats_.tasks);
}

// Inlined, as BeginRun: every task passes here.
inline void Worker::Impl::EndRun(Frame& frame) {
  Leave();
  if (__builtin_expect(relieved_.load(std::memory_order_relaxed), 0)) {
    EndRelievedRun(frame);
  }
  if (__builtin_expect(frame.live.armed, 0)) EndArmedRun(frame);
}

// Not inlined: PollLanes would keep too much at hand and spill it.
__attribute__((noinline)) void Worker::Impl::RunSubmitted(Lane& lane,
                                                          ShmPtr pointer) {
  Frame frame;
  frame.lane = &lane;
  frame.live.key = pointer.bits_;
  frame.context.session = lane.session.get();
  frame.context.client_id = lane.client_id;
  BeginRun(frame);
  executor_.RunSubmitted(pointer, frame.context);
  EndRun(frame);
}

// Runs what the lane may in this turn. Inlined: a null task is little more.
__attribute__((always_inline)) inline Worker::Impl::Turn Worker::Impl::RunTurn(
    Lane& lane, u64 switches) {
  u64 value;
  if (!lane.consumer.TryPop(&value)) return Turn::kIdle;
  u32 left = lane.share.batch();
  do {
    RunSubmitted(lane, ShmPtr::FromBits(value));
    if (switches_ != switches) return Turn::kSwitched;
  } while (--left != 0 && lane.consumer.TryPop(&value));
  lane.share.EndTurn();
  return Turn::kBusy;
}

bool Worker::Impl::RunBatch(Lane& lane) {
  return RunTurn(lane, switches_) != Turn::kIdle;
}

// Lanes come and go between two turns, or when the loop has changed fibers.
bool Worker::Impl::PollLanes() {
  const u64 switches = switches_;
  bool busy = false;
  const std::unique_ptr<Lane>* const end =
      lanes_.polled().data() + lanes_.num_low();
  for (auto* lane = lanes_.polled().data(); lane != end; ++lane) {
    if ((*lane)->share.Pauses()) {
      has_rest_ = true;
      continue;
    }
    const Turn turn = RunTurn(**lane, switches);
    if (turn == Turn::kSwitched) return true;
    busy |= turn == Turn::kBusy;
  }
  return __builtin_expect(has_rest_, 0) ? PollRest(busy) : busy;
}

bool Worker::Impl::RunLocal() {
  if (local_.empty()) return false;
  // Only what is here now: tasks that make tasks must not keep clients out.
  const u64 switches = switches_;
  for (size_t n = local_.size(); n > 0; --n) {
    const std::function<void()> run = std::move(local_.front());
    local_.pop_front();
    run();
    if (switches_ != switches) break;
  }
  return true;
}

bool Worker::Impl::DrainInbox() {
  InboxNode* node = inbox_.TakeAll();
  if (node == nullptr) return false;
  while (node != nullptr) {
    InboxNode* next = node->next;
    if (node->is_run) {
      UnparkHere(*static_cast<ParkedRun*>(node));
    } else {
      std::unique_ptr<Job> job(static_cast<Job*>(node));
      job->fn();
    }
    node = next;
  }
  return true;
}

bool Worker::Impl::WakeExpired() {
  if (!parked_.has_deadlines()) return false;
  if (++turns_ % kTurnsPerTimerLook != 0) return false;
  if (sleeper_.has_watched()) AwaitWakeUps(0);
  return parked_.WakeExpired(options_.clock->NowNs());
}

bool Worker::Impl::ResumeReady() {
  ParkedRun* run = parked_.TakeReady();
  if (run == nullptr) return false;
  Increment(stats_.turns);
  Fiber* fiber = std::exchange(run->fiber, nullptr);
  fibers_.RetireInto(fiber);
  return true;
}

void Worker::Impl::EndArmedRun(Frame& frame) {
  Disarm(frame);
  if (!frame.was_parked) return;
  if (frame.context.held_runs != nullptr) {
    // release: what the method did comes before the pool is freed.
    frame.context.held_runs->fetch_sub(1, std::memory_order_release);
  }
  if (frame.lane != nullptr) {
    if (frame.counted) frame.lane->session->EndTask();
    LetLaneGo(frame);
    lanes_.RunFinished(*frame.lane);
  }
}

Status Worker::Impl::BeforeFirstPark(Frame& frame) {
  if (frame.was_parked) return Status();
  if (frame.lane != nullptr) {
    if (!frame.lane->session->BeginTask()) {
      return frame.lane->session->TooManyTasks();
    }
    frame.counted = true;
  }
  HoldWhileParked(frame);
  return Status();
}

// Keeps what the run stands on, whoever goes meanwhile: its lane, its pool.
void Worker::Impl::HoldWhileParked(Frame& frame) {
  if (!frame.live.armed) Arm(frame);
  if (frame.lane != nullptr) {
    const SpinGuard guard(lanes_guard_);
    ++frame.lane->parked_runs;
  }
  frame.context.held_runs = executor_.HeldRuns(frame.context);
  if (frame.context.held_runs != nullptr) {
    frame.context.held_runs->fetch_add(1, std::memory_order_relaxed);
  }
  // Counted once by who looks for tasks that are not over.
  if (frame.is_long) {
    stats_.long_waiting.fetch_sub(1, std::memory_order_relaxed);
  }
  frame.was_parked = true;
}

bool Worker::Impl::RunHandedOver(Session& session, ShmPtr pointer) {
  Frame frame;
  frame.is_long = true;
  frame.live.key = pointer.bits_;
  frame.context.session = &session;
  frame.context.client_id = session.id();
  // It has waited, and may have been cancelled meanwhile.
  Arm(frame);
  LiveRun& live = frame.live;
  if (live.end == StatusCode::kOk && live.deadline_ns != kNoDeadlineNs &&
      options_.clock->NowNs() >= live.deadline_ns) {
    Expire(live);
  }
  if (live.end != StatusCode::kOk) {
    Increment(stats_.tasks);  // HandOver took it out where it had begun
    executor_.EndSubmitted(pointer, frame.context, EndStatus(live));
    EndArmedRun(frame);
    return false;
  }
  BeginRun(frame);
  executor_.RunSubmitted(pointer, frame.context);
  EndRun(frame);
  return frame.was_parked;
}

void Worker::Impl::RunInternal(hipc::FullPtr<Task> task, Session* session) {
  const u32 end = task->interrupt_.load(std::memory_order_relaxed);
  if (end != 0) {
    task->SetError(end, "the task that made it has ended, or cancelled it");
    FinishInternalTask(task);
    return;
  }
  Frame frame;
  frame.live.key = KeyOf(task.ptr_);
  frame.context.session = session;
  frame.context.client_id = task->client_id_;
  BeginRun(frame);
  executor_.RunInternal(task, frame.context);
  EndRun(frame);
}

void Worker::Impl::RunCall(const std::function<void(RunContext&)>& call) {
  Frame frame;
  frame.context.task_id = CreateTaskId();
  BeginRun(frame);
  call(frame.context);
  EndRun(frame);
}

void Worker::Impl::SwitchTo(ParkedRun& run, Fiber* spare) {
  Frame& frame = *ThisFrame();
  run.context = &frame.context;
  run.fiber = fibers_.Current();
  Leave();
  Storage* const storage = SetThreadStorage(nullptr);
  const u32 heap_scope = std::exchange(internal::heap_scope, 0);
  RunPlan* const plan = frame.context.plan;
  if (plan != nullptr) {
    plan->busy_ns += options_.clock->NowNs() - plan->since_ns;
    Show(nullptr);
  }
  const TraceSpan waiting(frame.context, run);
  ++switches_;
  Increment(stats_.parks);
  Count(stats_.parked, parked_.num_parked());
  fibers_.SwitchTo(spare);
  Count(stats_.parked, parked_.num_parked());
  SetThreadStorage(storage);
  internal::heap_scope = heap_scope;
  if (plan != nullptr) {
    plan->since_ns = options_.clock->NowNs();
    Show(plan);
  }
  Enter(frame);
}

Status Worker::Impl::Park(ParkedRun& run, u64 deadline_ns) {
  CHI_CHECK(ThisFrame() != nullptr);
  if (std::exchange(run.unparked_early, false)) return Status();
  CHI_RETURN_IF_ERROR(BeforeFirstPark(*ThisFrame()));
  LiveRun& live = ThisFrame()->live;
  if (live.end != StatusCode::kOk) {
    run.wake = ParkedRun::Wake::kCancelled;
    return EndStatus(live);
  }
  CHI_RETURN_IF_ERROR(SwitchAway(run, std::min(deadline_ns, live.deadline_ns)));
  switch (run.wake) {
    case ParkedRun::Wake::kUnparked:
      return Status();
    case ParkedRun::Wake::kDeadline:
      if (deadline_ns < live.deadline_ns) {
        return Status::DeadlineExceeded("woken by the clock");
      }
      run.wake = ParkedRun::Wake::kCancelled;
      Expire(live);
      break;
    default:
      break;
  }
  return EndStatus(live);
}

// The run is in the list of parked ones until somebody wakes it.
Status Worker::Impl::SwitchAway(ParkedRun& run, u64 deadline_ns) {
  Fiber* spare = fibers_.AcquireSpare();
  if (spare == nullptr) return Status::NoMemory("no stack for another fiber");
  LiveRun& live = ThisFrame()->live;
  run.deadline_ns = deadline_ns;
  if (run.since_ns == 0) run.since_ns = options_.clock->CoarseNs();
  parked_.Add(run);
  live.parked = &run;
  SwitchTo(run, spare);
  live.parked = nullptr;
  return Status();
}

void Worker::Impl::ParkForCertain(ParkedRun& run) {
  CHI_CHECK(ThisFrame() != nullptr);
  if (!ThisFrame()->was_parked) HoldWhileParked(*ThisFrame());
  LiveRun& live = ThisFrame()->live;
  while (!std::exchange(run.unparked_early, false)) {
    live.certain = true;
    const Status parked = SwitchAway(run, kNoDeadlineNs);
    live.certain = false;
    if (parked.ok()) return;
    // No stack to go on with, and the wake-up, or what leads to it, may lie in
    // this worker's inbox or come from its ring. Whoever polls further up
    // starts over.
    ++switches_;
    bool drained;
    {
      const SpinGuard guard(lanes_guard_);
      drained = DrainInbox();
      drained |= PollFiles();
    }
    if (!drained) sched_yield();
  }
}

Status Worker::Impl::Yield() {
  CHI_CHECK(ThisFrame() != nullptr);
  CHI_RETURN_IF_ERROR(BeforeFirstPark(*ThisFrame()));
  LiveRun& live = ThisFrame()->live;
  if (live.end == StatusCode::kOk && stopping_ && GraceIsOver()) CancelAll();
  const bool timed = live.deadline_ns != kNoDeadlineNs;
  if (timed && options_.clock->NowNs() >= live.deadline_ns) Expire(live);
  if (live.end != StatusCode::kOk) return EndStatus(live);
  ParkedRun run(WaitKind::kYield);
  Fiber* spare = fibers_.AcquireSpare();
  if (spare == nullptr) return Status::NoMemory("no stack for another fiber");
  parked_.AddReady(run);
  SwitchTo(run, spare);
  return live.end == StatusCode::kOk ? Status() : EndStatus(live);
}

bool Worker::Impl::GraceIsOver() const {
  return options_.clock->NowNs() >= stop_deadline_ns_;
}

bool Worker::Impl::MayEnd(bool busy) {
  if (ended_) return true;  // on another fiber
  const bool overdue = GraceIsOver();
  if (overdue) CancelAll();
  const bool all_ran = parked_.num_parked() == 0 && !parked_.has_ready() &&
                       local_.empty() && long_tasks_.empty() &&
                       inbox_.LooksEmpty();
  // A client that keeps its ring full does not keep the runtime alive.
  const bool may_end = all_ran && (overdue || (!busy && lanes_.LookEmpty()));
  ended_ = may_end && inbox_.TryClose();
  return ended_;
}

void Worker::Impl::Sleep() {
  if (options_.line != nullptr) {
    options_.line->spinning.store(0, std::memory_order_relaxed);
  }
  SleepUnlessWork(sleeper_, inbox_, lanes_, [this] {
    const u64 now_ns = options_.clock->NowNs();
    // Behind it there is only what somebody else will wake.
    const bool ends = stopping_ && (!GraceIsOver() || parked_.has_ready());
    const u64 wake_ns = std::min(parked_.next_deadline_ns(),
                                 ends ? stop_deadline_ns_ : kNoDeadlineNs);
    if (wake_ns > now_ns) {
      Increment(stats_.sleeps);
      stats_.asleep.store(true, std::memory_order_relaxed);
      AwaitWakeUps(wake_ns - now_ns);
      stats_.asleep.store(false, std::memory_order_relaxed);
    }
  });
  if (parked_.has_deadlines()) parked_.WakeExpired(options_.clock->NowNs());
  if (options_.line != nullptr) {
    options_.line->cpu.store(static_cast<u32>(sched_getcpu()),
                             std::memory_order_relaxed);
    options_.line->spinning.store(1, std::memory_order_relaxed);
  }
}

}  // namespace chi
