// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One thread that runs tasks. Its loop polls the rings of the client threads
// attached to it and calls methods directly, so that a task that does not
// block costs no switch. When a method blocks, its fiber is parked in the
// middle of the loop and another fiber takes the loop over; when it is woken,
// the loop switches to it, the method finishes, and that fiber goes on as the
// loop while the other one becomes spare.
//
// Other threads talk to a worker through Inject only.

#ifndef CHIMAERA_SCHED_WORKER_H_
#define CHIMAERA_SCHED_WORKER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/latency_histogram.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/control.h"
#include "chimaera/ipc/task.h"
#include "chimaera/sched/run_context.h"

namespace chi {

class Executor;
class Fiber;
class IoRing;
class Session;
class Storage;
struct ParkedRun;
struct SessionCommons;
class Tracer;
class Worker;

/// Which tasks a worker is for: short ones and low-latency rings, long ones and
/// high-latency rings, or both. Frozen: admin reports it.
enum class WorkerKind : u32 { kBoth = 0, kShort = 1, kLong = 2 };
const char* WorkerKindName(WorkerKind kind);

struct WorkerOptions {
  u32 index = 0;
  WorkerKind kind = WorkerKind::kBoth;
  /// To whom a worker of kind kShort hands long tasks. Filled before any
  /// worker starts, and outlives all of them.
  const std::vector<Worker*>* long_task_workers = nullptr;
  /// Usable bytes of a fiber's stack.
  u64 stack_bytes = 64 * kKiB;
  /// How long an idle worker polls before it sleeps, to begin with and at
  /// most; it adapts between 0 and the maximum.
  u64 first_busy_wait_ns = 50 * kNsPerUs;
  u64 max_busy_wait_ns = 200 * kNsPerUs;
  /// The CPU to run on only; -1 for any.
  i32 cpu = -1;
  /// How long a stopping worker waits for parked methods before it cancels
  /// them.
  u64 stop_grace_ns = 2 * kNsPerSec;
  const Clock* clock = &SystemClock::Get();
  /// What clients read about this worker; null when there are none.
  WorkerLine* line = nullptr;
  /// The runtime's memory; null when there is none.
  SessionCommons* commons = nullptr;
  /// Where traced runs are recorded; null: nowhere. Outlives the worker.
  Tracer* tracer = nullptr;
  /// All workers of the runtime but stand-ins, for work that is spread; null
  /// when there is one. Filled before any starts, and outlives all.
  const std::vector<Worker*>* peers = nullptr;
  /// The stand-ins too, for what may be on any of them; may be empty.
  std::function<std::vector<Worker*>()> all_workers;
};

/// Counters of one worker. Written by the worker, read by anybody (relaxed).
struct WorkerStats {
  std::atomic<u64> tasks{0};      ///< Tasks begun.
  std::atomic<u64> parks{0};      ///< Times a method was parked.
  std::atomic<u64> sleeps{0};     ///< Times the worker went to sleep.
  std::atomic<u64> parked{0};     ///< Methods parked now.
  std::atomic<u64> rings{0};      ///< Rings attached now, or on their way.
  std::atomic<u64> fibers{0};     ///< Fibers that exist.
  std::atomic<u64> turns{0};      ///< Of the loop, resumed runs too.
  std::atomic<u64> cancelled{0};  ///< Runs ended by kCancelled while waiting.
  std::atomic<u64> expired{0};    ///< And by kDeadlineExceeded.
  std::atomic<u64> missed_periods{0};  ///< Of all periodic tasks.
  /// Periodic tasks that wait for their next time now. They have parked, or are
  /// just about to for the first time.
  std::atomic<u64> between_periods{0};
  std::atomic<bool> asleep{false};
  std::atomic<i32> tid{0};  ///< Of its thread; 0 before it runs and after.
  /// Time in methods of clients' tasks, ns, as estimated from samples.
  std::atomic<u64> busy_ns{0};
  std::atomic<u64> handed_over{0};  ///< Tasks given to another queue.
  /// Tasks handed over to this worker, until they are over or first parked.
  std::atomic<u64> long_waiting{0};
  std::atomic<u64> rings_moved{0};  ///< Rings given to another worker.
};

/// A run under way on a worker.
struct Running {
  PoolId pool_id;
  u32 method = 0;
  u64 since_ns = 0;  ///< On the worker's clock; 0: nothing that is measured.
};

/// A ring of a client thread, as its worker sees it.
struct RingSource {
  std::shared_ptr<Session> session;
  char* ring = nullptr;  ///< The ring's bytes in this process.
  u32 capacity = 0;
  Priority priority = Priority::kLowLatency;
  /// How the client wakes the worker that has the ring: a descriptor of the
  /// session's, or -1. It stays the same when the ring moves.
  int wake_fd = -1;
  /// The next item: above 0 for a ring that another worker had.
  u64 position = 0;
};

class Worker {
 public:
  Worker(const WorkerOptions& options, Executor& executor);
  /// REQUIRES: stopped, or never started.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // ---- any thread ----

  /// Starts the thread.
  [[nodiscard]] Status Start();
  /// Lets what is in flight finish, cancels what stays parked longer than the
  /// grace, and joins the thread. Rings must not be filled any more.
  void Stop();
  /// The same for at most `timeout_ns`. False: a run is not over, such as one
  /// whose transfer the kernel still has. Then the worker is still ending, and
  /// neither it nor what its runs use may go; another call waits on.
  [[nodiscard]] bool StopWithin(u64 timeout_ns);

  /// Runs `job` between two tasks, outside any method, and wakes the worker if
  /// it sleeps. Jobs run in the order in which one thread injected them. A job
  /// must not block. False, and `job` dropped, once the worker has ended.
  bool Inject(std::function<void()> job);

  /// Hands a task made inside the runtime to this worker. It fails with
  /// kRuntimeDied once the worker has ended. Its run sees the memory of
  /// `session`, if there is one, which then lives until the task is done.
  void InjectTask(hipc::FullPtr<Task> task, Session* session = nullptr);

  /// Runs `call` on this worker as if it were a method, so it may park.
  void InjectCall(std::function<void(RunContext&)> call);

  /// Polls the ring from now on, unless its session has ended. False once the
  /// worker has ended.
  bool AttachRing(RingSource source);

  /// Stops polling the rings of `session_id`; `done` runs, on some worker, when
  /// none of the tasks that came by them is running, parked or handed over any
  /// more. To be called after Session::MarkEnded.
  void DetachSession(u64 session_id, std::function<void()> done);

  /// Gives one ring of priority `priority` to `to`, if it has one whose share
  /// of this worker's time since the call of the `round` before is above 0 and
  /// at most `max_share_ns`: the largest of these. Without a call in the round
  /// before, this one only begins to measure. No item is lost, taken twice or
  /// overtaken.
  void GiveRing(Worker& to, Priority priority, u64 max_share_ns, u64 round);

  /// Gives what this worker has not begun, its rings and the long tasks that
  /// wait for it, to `stand_in`, until the run that holds it is over. False,
  /// and nothing has happened, if it is in no run just now or is relieved
  /// already. REQUIRES: stand_in runs, and RegisterMembarrier succeeded.
  bool RelieveBy(Worker& stand_in);

  /// One turn over the rings on the calling thread, for counting instructions
  /// and for tests. Methods must not park. REQUIRES: never started.
  bool TEST_PollOnce();

  u32 index() const;
  WorkerKind kind() const;
  /// The worker `step` on from this one, around the circle; this one if it has
  /// no peers.
  Worker& Peer(u32 step);
  const Clock& clock() const;
  /// What WorkerOptions named.
  SessionCommons* commons() const;
  Tracer* tracer() const;

  /// The `bytes` bytes at `pointer` as `run`, which may be null, may see them:
  /// a client's task its own memory and the runtime's, anything else the
  /// runtime's and private memory. Null if they are not all there.
  char* Resolve(ShmPtr pointer, u64 bytes, const RunContext* run) const;
  const WorkerStats& stats() const;
  /// WorkerStats::tasks, but never less than at an earlier call: a task that is
  /// handed over as it begins was counted for a moment.
  u64 TasksBegun() const;
  /// What it runs now. Only of runs that are measured, which are all that may
  /// be long; of short ones, one in so many.
  Running running() const;
  /// How long runs took on it, without the time they were parked.
  LatencyHistogram& runs();
  const LatencyHistogram& runs() const;

  // ---- the worker's own thread ----

  /// The worker that runs the calling thread, or null.
  static Worker* Current();

  /// The run under way, or null between two runs.
  RunContext* current_run() const;

  /// See InPlaceStorage.
  Storage& in_place_storage();

  /// Its io_uring, made at the first call; null where the kernel refuses one.
  IoRing* io_ring();

  /// Calls `visit` for every run of this worker that is parked or waits to go
  /// on after it was woken. Between two tasks only.
  void VisitRuns(const std::function<void(const ParkedRun&)>& visit) const;
  /// Lets the task at `pointer`, which is the one under way and has not begun
  /// to do anything, wait for a worker that runs long tasks, or on a worker of
  /// kind kBoth until short ones are done. False: it is to be run now, since
  /// it was handed over already, did not come by a low-latency ring, or nobody
  /// takes it. kOverloaded when its client has too many tasks in flight.
  Result<bool> HandOver(ShmPtr pointer);

  /// The run under way took `busy_ns`, and stands for `runs` like it.
  void CountRun(u64 busy_ns, u64 runs);

  /// The run under way is measured from now on; null: no more.
  void Show(const RunPlan* plan);

  /// Puts a task made by a running method into this worker's own queue.
  void EnqueueLocal(hipc::FullPtr<Task> task);
  /// The same; the task has at most the time that its maker has, and is
  /// cancelled with it.
  void EnqueueSubtask(hipc::FullPtr<Task> task);

  /// Parks the running method until Unpark(run) or `deadline_ns` on the
  /// worker's clock. Returns kOk, kDeadlineExceeded, kCancelled, or kNoMemory
  /// when there is no stack to go on with. An Unpark that came before is taken
  /// at once. After anything but kOk the caller makes sure that nobody unparks
  /// `run` any more before it goes away. REQUIRES: inside a method. When it
  /// fails since the run has to end, so does every later Park of the run, at
  /// once; ParkedRun::interrupted() tells this from the wait's end.
  [[nodiscard]] Status Park(ParkedRun& run, u64 deadline_ns);

  /// The same without a deadline, until Unpark for certain: for waits that
  /// cannot be given up, since somebody is about to unpark `run`. Not counted
  /// against the client's tasks.
  void ParkForCertain(ParkedRun& run);

  /// Makes a parked run ready. From any thread, at most once per Park.
  static void Unpark(ParkedRun& run);

  /// Lets everything else that is ready run first. Fails when the run has to
  /// end.
  [[nodiscard]] Status Yield();

  /// See cowait.h. `events`: EPOLLIN or EPOLLOUT. REQUIRES: inside a method.
  [[nodiscard]] Status AwaitFd(int fd, u32 events, u64 timeout_ns);

  /// For a client's wish to cancel the task at `slot` without kCancelBit, which
  /// may be on any worker. `ctx`: the run as which it came.
  void CancelSubmitted(ShmPtr slot, RunContext& ctx);

  /// Ends the run of a task made inside the runtime, which this worker has, and
  /// may have finished. Its owner has written `interrupt_`.
  void CancelInternal(u64 client_id, const Task* task);

  /// The run is periodic: parks until `due_ns`; until the next call it has
  /// `timeout_ns` of time, 0 for no bound. Fails when it has to end, which is
  /// at once when the runtime stops or its pool is being destroyed.
  [[nodiscard]] Status AwaitPeriod(u64 due_ns, u64 timeout_ns);

  /// Ends the periodic runs that are between two runs of their method and count
  /// into `held_runs`, a pool's.
  void EndPeriodic(const std::atomic<u64>* held_runs);

  /// So many runs of a periodic task were left out.
  void CountMissed(u64 periods);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Something that another thread puts into a worker's inbox.
struct InboxNode {
  InboxNode* next = nullptr;
  bool is_run = false;  ///< A ParkedRun; otherwise a job.
};

/// Something with a deadline; see Deadlines, which owns the links.
struct DeadlineNode {
  u64 deadline_ns = kNoDeadlineNs;
  DeadlineNode* next_due = nullptr;
  DeadlineNode** due_link = nullptr;
};

/// What a parked run waits for. For reports. Frozen, as FileOp.
enum class WaitKind : u8 {
  kOther,
  kTask,       ///< `object` is the Task.
  kTasks,      ///< One or all of several tasks.
  kMutex,      ///< A CoMutex.
  kReadLock,   ///< A CoRwLock, shared.
  kWriteLock,  ///< A CoRwLock, alone.
  kSleep,
  kIo,  ///< A CoEvent, or null for a descriptor.
  kYield,
};

/// One method that sleeps, or is about to; lies on that method's stack. All
/// members belong to the worker. For a thread that is no worker's, see park.h.
struct ParkedRun : InboxNode, DeadlineNode {
  enum class Wake { kNone, kUnparked, kDeadline, kCancelled };

  explicit ParkedRun(WaitKind wait_kind = WaitKind::kOther,
                     const void* wait_object = nullptr)
      : worker(Worker::Current()), kind(wait_kind), object(wait_object) {
    is_run = true;
  }
  ParkedRun(const ParkedRun&) = delete;
  ParkedRun& operator=(const ParkedRun&) = delete;

  Worker* const worker;
  const WaitKind kind;
  const void* const object;  ///< What it waits for, or null.
  u64 since_ns = 0;          ///< Parked since; exact to some milliseconds.
  Fiber* fiber = nullptr;    ///< Null while it runs.
  RunContext* context = nullptr;
  ParkedRun* previous_parked = nullptr;
  ParkedRun* next_parked = nullptr;
  /// Not `next`: the run may be in the inbox too, when its deadline has come
  /// and another thread unparks it at the same time.
  ParkedRun* next_ready = nullptr;
  Wake wake = Wake::kNone;
  bool unparked_early = false;  ///< Unparked when it was not parked.

  /// Whether Park failed since the run has to end: it is cancelled, or its own
  /// deadline has passed, not the wait's.
  bool interrupted() const { return wake == Wake::kCancelled; }

  /// What a thread sleeps on: 1 once it is unparked.
  std::atomic<u32> thread_word{0};
};

namespace this_task {

/// Inside a method: lets other tasks of this worker run. Elsewhere:
/// sched_yield. Throws StatusError when the task is cancelled or its deadline
/// has passed.
void Yield();

/// Sleeps at least `duration_ns`: the fiber in a method, the thread elsewhere.
/// Throws StatusError when the task is cancelled or its deadline passes.
void SleepFor(u64 duration_ns);

}  // namespace this_task

}  // namespace chi

#define CHI_CUR_WORKER (::chi::Worker::Current())

#endif  // CHIMAERA_SCHED_WORKER_H_
