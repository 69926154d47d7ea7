// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Random programs of tasks against the contract: every task ends exactly once,
// with an outcome that something has led to, and leaves nothing behind.
//
// A program runs on one worker, and so does what drives it, as one more run:
// it submits clients' tasks to a ring, cancels some, lets the client die, and
// turns the clock between turns of the loop. Nothing depends on time or other
// threads, so a seed is a program. CHI_PROGRAM_SEEDS says how many are run,
// CHI_PROGRAM_FIRST with which it begins.

#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "chimaera/base/random.h"
#include "chimaera/core/dispatcher.h"
#include "chimaera/sched/coevent.h"
#include "chimaera/sched/comutex.h"
#include "core/fixture.h"
#include "core/outcome_world.h"
#include "sched/worker_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr PoolId kPool(512, 0);
constexpr u64 kTaskOffset = 128 * kKiB;  // behind the ring
constexpr u32 kMaxRoots = 5;

IpcManager& Ipc() {
  static IpcManager ipc;
  return ipc;
}

void RunNode(u64 argument, CallTask& task, RunContext& ctx);

Node* NewNode(World& world, const Node* maker) {
  world.nodes.push_back(std::make_unique<Node>());
  Node* node = world.nodes.back().get();
  node->world = &world;
  node->maker = maker;
  node->depth = maker == nullptr ? 0 : maker->depth + 1;
  for (u64 n = world.random.Below(4); n > 0; --n) {
    node->ops.push_back(
        static_cast<Op>(world.random.Below(static_cast<u64>(Op::kCount))));
  }
  return node;
}

// Whether anything may have cancelled it.
bool IsCancelled(const Node& node) {
  if (node.world->died) return true;
  const Node* at = &node;
  while (at != nullptr && !at->cancelled) at = at->maker;
  return at != nullptr;
}

// The outcome of a subtask that has been waited for.
void CheckSubtask(World& world, const Node& node, const Task& task) {
  ++world.tally.subtasks;
  world.Expect(node.runs <= 1 || node.periodic, "a subtask ran twice");
  const u32 code = task.return_code_;
  if (code == 0) {
    world.Expect(node.finished && !node.periodic, "success without its end");
  }
  if (code == static_cast<u32>(StatusCode::kCancelled)) {
    world.Expect(IsCancelled(node), "a subtask nobody has cancelled");
  }
  if (code == static_cast<u32>(StatusCode::kModuleException)) {
    world.Expect(node.throws, "a subtask that did not throw");
  }
}

void SleepAWhile(World& world) {
  this_task::SleepFor(world.random.Below(4 * kNsPerMs));
}

void Spawn(World& world, const Node& maker, Op op) {
  Node* node = NewNode(world, &maker);
  auto task =
      Ipc().NewTask<CallTask>(kPool, &RunNode, reinterpret_cast<u64>(node));
  if (world.random.Below(3) == 0) {
    task->SetTimeout(static_cast<u32>(1 + world.random.Below(3)));
  }
  if (op == Op::kPeriodic) {
    node->periodic = true;
    task->SetPeriodic(1000.0 * (1 + world.random.Below(2000)));
  }
  if (op == Op::kForget) {
    ++world.tally.forgotten;
    task->task_flags_.SetBits(TASK_FIRE_AND_FORGET);
    Ipc().Enqueue(task);
    return;
  }
  Future<CallTask> future = Ipc().Submit(task);
  if (op == Op::kSpawnAway) return;
  if (op == Op::kPeriodic) {
    // However this scope is left: what is dropped is cancelled.
    struct Dropped {
      ~Dropped() { node->cancelled = true; }
      Node* const node;
    };
    const Dropped dropped{node};
    SleepAWhile(world);
    if (node->runs > 1) ++world.tally.repeated;
    if (world.random.Below(2) == 0) return;
    node->cancelled = true;
    static_cast<void>(future.Cancel());
  }
  if (op == Op::kCancelOne) {
    if (world.random.Below(2) == 0) this_task::Yield();
    node->cancelled = true;
    static_cast<void>(future.Cancel());
  }
  const Status waited = future.WaitFor(1000 * kNsPerSec);
  world.Expect(waited.ok(), "a wait for a subtask ended early");
  if (future.IsDone()) CheckSubtask(world, *node, *future);
}

void HoldLock(World& world) {
  const u64 which = world.random.Below(kNumLocks);
  if (world.holders[which] != 0) ++world.tally.lock_waits;
  const ScopedCoMutex lock(world.locks[which]);
  struct Held {
    explicit Held(u32& count) : holders(count) { ++holders; }
    ~Held() { --holders; }
    u32& holders;
  };
  const Held held(world.holders[which]);
  SleepAWhile(world);
}

void Act(Node& node, Op op, Task& task) {
  World& world = *node.world;
  switch (op) {
    case Op::kYield:
      return this_task::Yield();
    case Op::kSleep:
      return SleepAWhile(world);
    case Op::kLock:
      return HoldLock(world);
    case Op::kSpawn:
    case Op::kSpawnAway:
    case Op::kCancelOne:
    case Op::kForget:
    case Op::kPeriodic:
      if (node.depth < 3) Spawn(world, node, op);
      return;
    case Op::kSwallow:
      try {
        SleepAWhile(world);
      } catch (const StatusError& error) {
        ++world.tally.swallowed;
        // Sticky: the same error again, and at once.
        const u64 begin_ns = world.clock.NowNs();
        try {
          this_task::SleepFor(kNsPerMs);
          world.Expect(false, "parked after it was to end");
        } catch (const StatusError& again) {
          world.Expect(again.status().code() == error.status().code(),
                       "another error than before");
        }
        world.Expect(world.clock.NowNs() == begin_ns, "not at once");
      }
      return;
    case Op::kFail:
      node.fails = true;
      task.SetError(7, "as told");
      return;
    case Op::kThrow:
      node.throws = true;
      throw std::runtime_error("as told");
    default:
      return;
  }
}

void RunNode(u64 argument, CallTask& task, RunContext& /*ctx*/) {
  Node& node = *reinterpret_cast<Node*>(argument);
  ++node.runs;
  const std::vector<Op> ops = node.ops;
  for (const Op op : ops) Act(node, op, task);
  node.finished = true;
}

// One client with one ring, and the tasks it has in its memory.
class Client {
 public:
  Client(Worker& worker, u64 id) : fake_(id), ring_(fake_.Attach(worker)) {}

  CallTask* NewTask(u32 index, Node* node) {
    static_assert(sizeof(CallTask) <= 1024);
    const ShmPtr at = PlaceOf(index);
    char* memory = fake_.session->Resolve(at, sizeof(CallTask));
    CHI_CHECK(memory != nullptr);
    return new (memory) CallTask(hipc::CtxAllocator<CHI_MAIN_ALLOC_T>(), kPool,
                                 &RunNode, reinterpret_cast<u64>(node));
  }
  void Submit(u32 index, CallTask& task) {
    task.state_.store(static_cast<u32>(TaskState::kPending));
    CHI_CHECK(ring_.TryPush(PlaceOf(index).bits_));
  }
  // False if it is done.
  bool Cancel(u32 index, CallTask& task) {
    if (!MarkCancelled(task.state_)) return false;
    CHI_CHECK(ring_.TryPush(PlaceOf(index).bits_ | kCancelBit));
    return true;
  }
  // As if meant for a task that had the memory before.
  void CancelStale(u32 index) {
    CHI_CHECK(ring_.TryPush(PlaceOf(index).bits_ | kCancelBit));
  }
  void Die(Worker& worker, std::function<void()> done) {
    worker.DetachSession(fake_.session->id(), std::move(done));
  }
  Session& session() { return *fake_.session; }

 private:
  static ShmPtr PlaceOf(u32 index) {
    return ShmPtr::At(kMainSegment, kTaskOffset + u64{index} * 1024);
  }

  FakeClient fake_;
  RingProducer<> ring_;
};

// Drives one program on the worker. Called as a method of it.
class Program {
 public:
  Program(u64 seed, Worker& worker, ManualClock& clock, Tally& tally)
      : world_(seed, worker, clock, tally) {}

  // What is wrong, or "". Whether the client is gone.
  std::string Run(Client& client, bool* died) {
    const i64 tasks_before = CallTask::num_alive;
    Start(client);
    const bool dies = world_.random.Below(8) == 0;
    const u64 fate = world_.random.Below(8);
    bool gone = false;
    // What waits in the queue does not show: it has to be over for a while.
    u32 quiet = 0;
    for (u64 turn = 0; turn < 2000 && quiet < 3; ++turn) {
      Turn();
      quiet = IsOver(dies, gone) ? quiet + 1 : 0;
      if (dies && turn == fate) {
        world_.died = true;
        ++world_.tally.deaths;
        client.Die(world_.worker, [&gone] { gone = true; });
        *died = true;
      } else if (!*died) {
        CancelSome(client);
      }
      if (!*died) Observe();
    }
    world_.Expect(quiet == 3, "something never ends");
    Check(client, *died, tasks_before);
    return world_.broken;
  }

 private:
  void Start(Client& client) {
    const u32 count = 1 + static_cast<u32>(world_.random.Below(kMaxRoots));
    for (u32 i = 0; i < count; ++i) {
      Root root;
      root.node = NewNode(world_, nullptr);
      root.task = client.NewTask(i, root.node);
      if (world_.random.Below(6) == 0) {
        root.node->periodic = true;
        root.task->SetPeriodic(1000.0 * (1 + world_.random.Below(2000)));
      } else if (world_.random.Below(2) == 0) {
        const u32 timeout_ms = static_cast<u32>(1 + world_.random.Below(6));
        root.task->SetTimeout(timeout_ms);
        root.deadline_ns = world_.clock.NowNs() + timeout_ms * kNsPerMs;
        root.task->deadline_ns_ = root.deadline_ns;
      }
      client.Submit(i, *root.task);
      roots_.push_back(root);
    }
  }

  // Enough turns of the loop for it to look at the clock.
  void Turn() {
    for (u32 i = 0; i < 20; ++i) this_task::Yield();
    world_.clock.Advance(world_.random.Below(kNsPerMs));
  }

  void CancelSome(Client& client) {
    for (u32 i = 0; i < roots_.size(); ++i) {
      if (world_.random.Below(8) == 0) client.CancelStale(i);
      if (roots_[i].settled || world_.random.Below(12) != 0) continue;
      roots_[i].node->cancelled |= client.Cancel(i, *roots_[i].task);
    }
  }

  void Observe() {
    for (Root& root : roots_) {
      if (root.settled || !root.task->IsComplete()) continue;
      root.settled = true;
      CheckOutcome(root);
      root.task->return_code_ = kSeen;  // a second outcome would replace it
    }
  }

  void CheckOutcome(const Root& root) {
    const Node& node = *root.node;
    const u32 code = root.task->return_code_;
    world_.Expect(node.runs == 1 || (node.periodic && node.runs > 1),
                  "a task did not run once");
    if (node.runs > 1) ++world_.tally.repeated;
    switch (code) {
      case 0:
        ++world_.tally.results;
        world_.Expect(node.finished && !node.fails && !node.periodic,
                      "success without its end");
        break;
      case 7:
        ++world_.tally.errors;
        world_.Expect(node.fails, "an error that nobody wrote");
        break;
      case static_cast<u32>(StatusCode::kModuleException):
        ++world_.tally.exceptions;
        world_.Expect(node.throws, "an exception that nobody threw");
        break;
      case static_cast<u32>(StatusCode::kCancelled):
        ++world_.tally.cancelled;
        world_.Expect(node.cancelled, "cancelled by nobody");
        break;
      case static_cast<u32>(StatusCode::kDeadlineExceeded):
        ++world_.tally.expired;
        world_.Expect(world_.clock.NowNs() >= root.deadline_ns,
                      "too late before its deadline");
        break;
      default:
        world_.Expect(false, "an outcome that nothing leads to");
    }
    // A parked run is woken by the first look at the clock after its deadline.
    const u64 slack_ns = 4 * kNsPerMs;
    if (root.deadline_ns != kNoDeadlineNs) {
      world_.Expect(world_.clock.NowNs() <= root.deadline_ns + slack_ns,
                    "long after its deadline");
    }
  }

  bool IsOver(bool dies, bool gone) const {
    if (dies && !gone) return false;
    for (const Root& root : roots_) {
      if (!dies && !root.settled) return false;
    }
    return NumWaiting() == 0;
  }

  // Runs that are parked or about to go on; this one runs.
  u64 NumWaiting() const {
    u64 count = 0;
    world_.worker.VisitRuns([&count](const ParkedRun&) { ++count; });
    return count;
  }

  void Check(Client& client, bool died, i64 tasks_before) {
    for (u32 i = 0; i < kNumLocks; ++i) {
      world_.Expect(world_.locks[i].TryLock(), "a lock is still held");
      world_.locks[i].Unlock();
      world_.Expect(world_.holders[i] == 0, "a scope was never left");
    }
    for (const Root& root : roots_) {
      world_.Expect(died || root.task->return_code_ == kSeen,
                    "a task got a second outcome");
      world_.Expect(root.node->runs <= 1 || root.node->periodic,
                    "a task ran twice");
      root.task->~CallTask();
    }
    world_.Expect(CallTask::num_alive == tasks_before, "tasks were not freed");
    world_.Expect(client.session().tasks_in_flight() == 0,
                  "tasks are still counted as in flight");
  }

  static constexpr u32 kSeen = 9876;

  World world_;
  std::vector<Root> roots_;
};

u64 FromEnvironment(const char* name, u64 otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST_CASE("Outcome programs: each task ends once and leaves nothing behind") {
  const u64 first = FromEnvironment("CHI_PROGRAM_FIRST", 1);
  const u64 count = FromEnvironment("CHI_PROGRAM_SEEDS", 500);
  Pools pools;
  REQUIRE(pools.Create(Request("probe_a", "programs", kPool)).ok());
  ManualClock clock(kNsPerSec);
  Dispatcher dispatcher(pools.manager);
  Worker worker(TestOptions(&clock), dispatcher);
  u64 client_id = 1;
  auto client = std::make_unique<Client>(worker, client_id);
  REQUIRE(worker.Start().ok());
  std::string broken;
  Tally tally;
  CoEvent ended;
  worker.InjectCall([&](RunContext&) {
    for (u64 seed = first; seed < first + count && broken.empty(); ++seed) {
      bool died = false;
      broken = Program(seed, worker, clock, tally).Run(*client, &died);
      if (died) client = std::make_unique<Client>(worker, ++client_id);
    }
    ended.Set();
  });
  CHECK(ended.Wait(600 * kNsPerSec).ok());
  worker.Stop();
  CHECK(broken == "");
  INFO("results " << tally.results << ", errors " << tally.errors
                  << ", exceptions " << tally.exceptions << ", cancelled "
                  << tally.cancelled << ", expired " << tally.expired
                  << ", deaths " << tally.deaths << ", subtasks "
                  << tally.subtasks << ", swallowed " << tally.swallowed
                  << ", waits for locks " << tally.lock_waits
                  << ", periodic ones that came again " << tally.repeated
                  << ", forgotten " << tally.forgotten);
  if (broken.empty() && count >= 500) {
    CHECK(tally.results > count / 10);
    for (const u64 seen :
         {tally.errors, tally.exceptions, tally.cancelled, tally.expired,
          tally.deaths, tally.subtasks, tally.swallowed, tally.lock_waits,
          tally.repeated, tally.forgotten}) {
      CHECK(seen > count / 100);
    }
  }
}

}  // namespace
}  // namespace chi::test
