// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The inside of a worker: its loop and what the loop looks at.

#ifndef CHIMAERA_SCHED_WORKER_IMPL_H_
#define CHIMAERA_SCHED_WORKER_IMPL_H_

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "chimaera/base/mutex.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/sched/executor.h"
#include "chimaera/sched/spin_word.h"
#include "chimaera/sched/task_counts.h"
#include "chimaera/sched/worker.h"
#include "sched/fiber.h"
#include "sched/fiber_waiter.h"
#include "sched/idle_policy.h"
#include "sched/inbox.h"
#include "sched/io_ring.h"
#include "sched/lanes.h"
#include "sched/live_runs.h"
#include "sched/long_tasks.h"
#include "sched/parked_runs.h"
#include "sched/sleeper.h"
#include "sched/worker_port.h"
#include "sched/worker_storage.h"

namespace chi {

/// What Worker::Current returns on this thread from now on.
void SetCurrentWorker(Worker* worker);

class Worker::Impl {
 public:
  Impl(Worker& self, const WorkerOptions& options, Executor& executor);

  // ---- any thread ----
  ~Impl() { DropInbox(); }
  [[nodiscard]] Status Start();
  bool StopWithin(u64 timeout_ns);
  /// False if the worker has ended.
  bool InjectNode(InboxNode* node);
  bool Inject(std::function<void()> job);
  /// A ring for this worker; false if it has ended.
  bool InjectLane(const RingSource& source,
                  const std::shared_ptr<LaneHold>& hold);
  bool InjectLong(LongTask task);
  /// See Worker::RelieveBy.
  bool GiveAwayWhileStuck(Worker& stand_in);

  // ---- the worker's thread ----
  void AttachLane(RingSource source, std::shared_ptr<LaneHold> hold);
  void DetachLanes(u64 session_id, std::function<void()> done);
  void GiveEverything(Impl& to);
  void GiveRing(Worker& to, Priority priority, u64 max_share_ns, u64 round);
  Result<bool> HandOver(ShmPtr pointer);
  void CountRun(u64 busy_ns, u64 runs);
  void EnqueueLocal(hipc::FullPtr<Task> task, Session* session = nullptr) {
    local_.push_back([this, task, session] { RunInternal(task, session); });
  }
  /// The same for a task of the running method's, which ends with it.
  void EnqueueSubtask(hipc::FullPtr<Task> task) {
    if (ThisFrame() != nullptr) LinkSubtask(*task);
    EnqueueLocal(task);
  }
  void EnqueueCall(std::function<void(RunContext&)> call) {
    local_.push_back([this, call = std::move(call)] { RunCall(call); });
  }
  [[nodiscard]] Status Park(ParkedRun& run, u64 deadline_ns);
  void ParkForCertain(ParkedRun& run);
  void UnparkHere(ParkedRun& run) {
    parked_.Wake(run, ParkedRun::Wake::kUnparked);
  }
  [[nodiscard]] Status Yield();

  [[nodiscard]] Status AwaitFd(int fd, u32 events, u64 timeout_ns);

  void CancelSubmitted(ShmPtr slot, RunContext& ctx);
  bool CancelKey(u64 client_id, u64 key);
  [[nodiscard]] Status AwaitPeriod(u64 due_ns, u64 timeout_ns);
  /// Periodic runs that wait for their next time; `held_runs` null: all.
  void EndIdle(const std::atomic<u64>* held_runs);

  bool TEST_PollOnce() {
    internal::task_counts = counts_.places();
    DrainInbox();
    return PollLanes();
  }
  const WorkerOptions& options() const { return options_; }
  WorkerStats& stats() { return stats_; }
  LatencyHistogram& runs() { return runs_; }
  /// The beginning is written last and read twice, so that what lies between
  /// belongs to it, or nothing is told.
  void Show(const RunPlan* plan) {
    shown_since_ns_.store(0, std::memory_order_relaxed);
    if (plan == nullptr) return;
    std::atomic_thread_fence(std::memory_order_release);
    shown_pool_.store(plan->pool_id, std::memory_order_relaxed);
    shown_method_.store(plan->method, std::memory_order_relaxed);
    shown_since_ns_.store(plan->since_ns, std::memory_order_release);
  }
  Running running() const {
    Running seen;
    seen.since_ns = shown_since_ns_.load(std::memory_order_acquire);
    seen.pool_id = shown_pool_.load(std::memory_order_relaxed);
    seen.method = shown_method_.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    const u64 again = shown_since_ns_.load(std::memory_order_relaxed);
    return again == seen.since_ns ? seen : Running();
  }
  u64 TasksBegun() {
    const u64 begun = stats_.tasks.load(std::memory_order_relaxed);
    u64 told = tasks_told_.load(std::memory_order_relaxed);
    while (told < begun && !tasks_told_.compare_exchange_weak(told, begun)) {
    }
    return std::max(told, begun);
  }
  RunContext* current_run() const {
    Frame* const frame = ThisFrame();
    return frame == nullptr ? nullptr : &frame->context;
  }
  Storage& in_place_storage() { return storage_; }
  IoRing* io_ring();
  void VisitRuns(const std::function<void(const ParkedRun&)>& visit) const {
    parked_.Visit(visit);
  }

 private:
  // One call of the executor, on the stack of the fiber that makes it.
  struct Frame {
    RunContext context;
    // By which the task came; null for tasks made inside the runtime and for
    // those that another worker handed over.
    Lane* lane = nullptr;
    LiveRun live;          // armed at the latest when it first parks
    bool is_long = false;  // was handed over
    bool was_parked = false;
    bool counted = false;  // by its session, as a task in flight
    // Its lane went to a stand-in and stays until the run is over.
    bool keeps_lane = false;
  };

  // Of the run under way on this worker, or null. On its thread.
  Frame* ThisFrame() const { return frame_.load(std::memory_order_relaxed); }
  void Enter(Frame& frame);
  void Leave();

  void ThreadMain();
  void Loop();
  void BeIdle();
  bool PollLanes();
  bool PollLong(bool low_busy);
  // What came of a lane's turn; kSwitched: something ran, and the loop is on
  // another fiber now.
  enum class Turn { kIdle, kBusy, kSwitched };
  Turn RunTurn(Lane& lane, u64 switches);
  bool PollRest(bool busy);
  bool RunBatch(Lane& lane);
  bool RunPaused();
  void RunLong(LongTask task);
  // Whether it was parked, and so has left the waiting ones.
  bool RunHandedOver(Session& session, ShmPtr pointer);
  Worker* LeastLongWorker() const;
  void RejoinAfterRelief();
  void EndRelievedRun(Frame& frame);
  void LetLaneGo(Frame& frame);
  std::vector<Lanes::Moved> TakeAllRings();
  void GiveLongTasks(Impl& to);
  void ForwardArrivals(Impl& to) CHI_REQUIRES(arrivals_mutex_);
  bool AnnounceArrivals() CHI_REQUIRES(arrivals_mutex_);
  void TakeArrivals();
  bool RunLocal();
  bool DrainInbox();
  bool PollFiles() { return io_ring_ != nullptr && io_ring_->Poll(); }
  bool WakeExpired();
  bool ResumeReady();
  void RunSubmitted(Lane& lane, ShmPtr pointer);
  void RunInternal(hipc::FullPtr<Task> task, Session* session);
  void RunCall(const std::function<void(RunContext&)>& call);
  void BeginRun(Frame& frame);
  void EndRun(Frame& frame);
  void EndArmedRun(Frame& frame);
  void Arm(Frame& frame);
  void Disarm(Frame& frame);
  void LinkSubtask(Task& task);
  static Status EndStatus(const LiveRun& live);
  void Interrupt(LiveRun& first, StatusCode end, const char* why);
  void Expire(LiveRun& live);
  void CancelClient(u64 client_id);
  void CancelAll();
  Status BeforeFirstPark(Frame& frame);
  void HoldWhileParked(Frame& frame);
  Status SwitchAway(ParkedRun& run, u64 deadline_ns);
  void SwitchTo(ParkedRun& run, Fiber* spare);
  void DropInbox();
  bool MayEnd(bool busy);
  bool GraceIsOver() const;
  void Sleep();
  // Sleeps for so long at most, and unparks whose descriptor is ready.
  void AwaitWakeUps(u64 timeout_ns);
  void PinThread();

  // Constant after construction.
  Worker& self_;
  const WorkerOptions options_;
  Executor& executor_;

  // Any thread.
  Inbox inbox_;
  Sleeper sleeper_;
  WorkerStats stats_;
  std::atomic<u64> tasks_told_{0};  // by TasksBegun
  const TaskCounts counts_;
  LatencyHistogram runs_;
  // See Show.
  std::atomic<u64> shown_since_ns_{0};
  std::atomic<PoolId> shown_pool_{PoolId()};
  std::atomic<u32> shown_method_{0};
  // Calls of InjectNode. One that pushes the last node of all touches the
  // worker once more when that has ended; so the end waits for it. Counted
  // before the push, which orders the two.
  std::atomic<u32> num_injecting_{0};

  // The thread that starts and stops.
  std::thread thread_;
  bool stop_ordered_ = false;

  // ThreadMain to StopWithin.
  std::mutex over_mutex_;
  std::condition_variable over_changed_;
  bool over_ = false;

  Mutex arrivals_mutex_;
  std::vector<Lanes::Moved> arrived_rings_ CHI_GUARDED_BY(arrivals_mutex_);
  std::vector<LongTask> arrived_long_ CHI_GUARDED_BY(arrivals_mutex_);
  bool arrivals_announced_ CHI_GUARDED_BY(arrivals_mutex_) = false;
  Worker* stand_in_ CHI_GUARDED_BY(arrivals_mutex_) = nullptr;

  // See worker_relief.cc.
  SpinWord lanes_guard_;
  std::atomic<bool> relieved_{false};
  std::atomic<Frame*> frame_{nullptr};

  // Owned by the worker thread; lanes_ and long_tasks_, while it is stuck, by
  // who relieves it.
  FiberHost fibers_;
  WorkerPort port_;
  FiberWaiter waiter_;
  WorkerStorage storage_;
  IdlePolicy idle_;
  std::unique_ptr<IoRing> io_ring_;
  bool ring_refused_ = false;
  Lanes lanes_;
  LongTasks long_tasks_;
  // False only where no low-latency lane pauses, and there is nothing else to
  // poll: set by whatever brings such a thing, cleared by PollRest.
  bool has_rest_ = false;
  LaneShare long_share_;  // of high-latency lanes and long tasks together
  size_t long_turn_ = 0;  // which of them has the next turn
  u64 last_give_round_ = ~u64{0} - 1;  // of GiveRing
  std::deque<std::function<void()>> local_;
  ParkedRuns parked_;
  LiveRuns live_;
  std::vector<int> left_fds_;  // of rings that a stand-in has
  u64 switches_ = 0;           // a loop that sees it change starts over
  u32 turns_ = 0;
  u32 offers_ = 0;  // of the CPU since there was work
  bool stopping_ = false;
  bool ended_ = false;
  u64 stop_deadline_ns_ = kNoDeadlineNs;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_WORKER_IMPL_H_
