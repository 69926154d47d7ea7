// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Attackers of the same user at a live daemon:
//
//   --part tasks  4 KiB of noise as a task, the few words that decide where it
//                 goes often right, the rest numbers that hurt. Each task must
//                 come back with an outcome.
//   --part rings  words of the ring and of the return ring overwritten, values
//                 that point nowhere. The attacker may be thrown out, nothing
//                 else may happen.
//
// A witness works beside them; afterwards the daemon must hold what it held.

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/bdev/bdev_tasks.h"
#include "chimaera/echo/echo_tasks.h"
#include "chimaera/ipc/client_core.h"
#include "harness.h"
#include "witness.h"

namespace chi::stress {
namespace {

namespace admin = ::chimaera::admin;
namespace bdev = ::chimaera::bdev;
namespace echo = ::chimaera::echo;

constexpr u64 kTaskBytes = 4096;
// Longest answer that is asked for.
constexpr u64 kAnswerBytes = 64 * kKiB;
constexpr u32 kBatch = 64;
// Then an attacker leaves and another one comes.
constexpr u64 kTasksPerSession = 20000;
constexpr u64 kForgeriesPerSession = 50;

struct Board {
  std::atomic<u64> done{0};
  std::atomic<u64> refused{0};
  std::atomic<u64> hung{0};
  std::atomic<u64> cut_off{0};
};

// ---- tasks ----

class TaskForger {
 public:
  TaskForger(Chimaera& client, u64 seed) : random_(seed) {
    const OwnedSegment main = client.client().control().main_segment();
    // In the main segment only its end, away from tasks and rings: a client
    // that has answers written over its own tasks waits for them in vain.
    pointers_ = {ShmPtr::At(kMainSegment, main.size - kAnswerBytes).bits_,
                 ShmPtr::At(kMainSegment, main.size - 8).bits_,
                 ShmPtr::At(kClientDataSegment, 64).bits_,
                 ShmPtr::At(kFirstRuntimeSegment, 0).bits_,
                 ShmPtr::At(kFirstRuntimeSegment + 1, 4096).bits_,
                 ShmPtr::At(kPrivateSegment, 0x7fff00001000).bits_,
                 ShmPtr::At(3, 0).bits_};
  }

  void Fill(char* bytes) {
    for (u64 at = 0; at < kTaskBytes; at += sizeof(u64)) {
      const u64 word = Word();
      std::memcpy(bytes + at, &word, sizeof(word));
    }
    auto* task = reinterpret_cast<Task*>(bytes);
    if (random_.Below(8) != 0) task->pool_id_ = Pool();
    if (random_.Below(8) != 0) {
      task->method_ = static_cast<u32>(random_.Below(40));
    }
    if (random_.Below(4) != 0) task->task_flags_.Clear();
    if (random_.Below(4) != 0) task->pool_query_ = PoolQuery::Local();
    Tame(task);
  }

 private:
  PoolId Pool() {
    const PoolId pools[] = {kEchoPool, kBdevPool, kAdminPoolId};
    return pools[random_.Below(3)];
  }

  u64 Word() {
    const u64 edges[] = {0, 1, ~u64{0}, u64{1} << 63, u64{1} << 32, kTaskBytes};
    switch (random_.Below(4)) {
      case 0:
        return pointers_[random_.Below(pointers_.size())] +
               random_.Below(2) * random_.Below(4096);
      case 1:
        return edges[random_.Below(std::size(edges))];
      case 2:
        return random_.Below(256);
      default:
        return random_.Next();
    }
  }

  // What a client may ask for, and must not here: that the daemon stops, that
  // the witness's pools go, that a worker is busy for seconds.
  static void Tame(Task* task) {
    // A periodic task has no end to wait for.
    task->task_flags_.UnsetBits(TASK_PERIODIC);
    const u32 method = task->method_;
    char* fields = reinterpret_cast<char*>(task) + sizeof(Task);
    if (task->pool_id_ == kAdminPoolId &&
        (method == admin::Method::kStopRuntime ||
         method == admin::Method::kDestroyPool ||
         method == admin::Method::kFlush)) {
      task->method_ = admin::Method::kGetStats;
    }
    if (!(task->pool_id_ == kEchoPool)) return;
    u64 word;
    std::memcpy(&word, fields, sizeof(word));
    if (method == echo::Method::kSleep) word %= kNsPerMs;
    if (method == echo::Method::kBusy) word %= 20 * kNsPerUs;
    if (method == echo::Method::kSpawn) word %= 64;
    if (method == echo::Method::kGrow) word %= kAnswerBytes;
    std::memcpy(fields, &word, sizeof(word));
    if (method == echo::Method::kLock) {
      auto* lock = reinterpret_cast<echo::LockTask*>(task);
      lock->hold_ns_ %= 20 * kNsPerUs;
    }
  }

  SeededRandom random_;
  std::array<u64, 7> pointers_;
};

int AttackWithTasks(const std::string& dir, Board* board, u64 count, u64 seed) {
  const auto client = AttachTo(dir);
  ThreadPort& port = CHI_IPC->Port();
  TaskForger forger(*client, seed);
  std::vector<hipc::FullPtr<Task>> tasks;
  for (u32 i = 0; i < kBatch; ++i) {
    tasks.push_back(port.Allocate(kTaskBytes).Cast<Task>());
    CHI_CHECK(tasks.back().ptr_ != nullptr);
  }
  for (u64 done = 0; done < count; done += kBatch) {
    for (const auto& task : tasks) {
      forger.Fill(reinterpret_cast<char*>(task.ptr_));
      port.Submit(task, kLowLatency);
    }
    for (const auto& task : tasks) {
      const Status waited = CurrentWaiter().Wait(*task, 60 * kNsPerSec);
      // A deadline that was made up ends the wait, and only later the task.
      if (!WaitUntil([&] { return task->IsComplete(); })) {
        u64 word;
        std::memcpy(&word, reinterpret_cast<char*>(task.ptr_) + sizeof(Task),
                    sizeof(word));
        std::fprintf(
            stderr, "%s\n",
            Format("no answer: pool {}, method {}, flags {}, {}, "
                   "first field {}; the wait said {}",
                   task->pool_id_, task->method_, task->task_flags_.bits(),
                   task->pool_query_.ToString(), word, waited)
                .c_str());
        board->hung.fetch_add(1);
        return 1;
      }
      if (!client->client().Check().ok()) {
        board->cut_off.fetch_add(1);
        return 0;
      }
      board->done.fetch_add(1);
      if (waited.ok() && task->return_code_ != 0) board->refused.fetch_add(1);
    }
  }
  return 0;
}

// ---- rings ----

constexpr u64 kRingSlots = 64;

void ForgeOnce(RingLayout<>& ring, RingLayout<>& returns, u64* position,
               SeededRandom& random) {
  const u64 edges[] = {0,
                       1,
                       ~u64{0},
                       u64{1} << 63,
                       u64{1} << 32,
                       *position,
                       *position + 1,
                       *position + kRingSlots,
                       *position - 1};
  const u64 edge = edges[random.Below(std::size(edges))];
  const u64 word = random.Below(2) == 0 ? edge : random.Next();
  RingSlot<StdAtomics>& slot = ring.slots()[random.Below(kRingSlots)];
  switch (random.Below(7)) {
    case 0:
      ring.header().consumed.store(word);
      break;
    case 1:
      ring.header().parked.store(static_cast<u32>(word));
      break;
    case 2:
      ring.header().producer_cpu.store(static_cast<u32>(word));
      break;
    case 3:
      slot.sequence.store(word);
      break;
    case 4:
      slot.value.store(word);
      break;
    case 5:  // properly published, and pointing anywhere
      ring.slots()[*position % kRingSlots].value.store(word);
      ring.slots()[*position % kRingSlots].sequence.store(*position + 1);
      ++*position;
      break;
    default:
      returns.slots()[random.Below(kReturnRingSlots)].sequence.store(word);
      returns.slots()[random.Below(kReturnRingSlots)].value.store(word);
      returns.header().consumed.store(random.Next());
  }
}

int AttackRings(const std::string& dir, Board* board, u64 count, u64 seed) {
  auto connected = ControlClient::Connect(dir);
  CHI_CHECK_OK(connected.status());
  ControlClient& control = **connected;
  SeededRandom random(seed);
  const OwnedSegment main = control.main_segment();
  char* const memory = main.base + kMainHeapOffset;
  RingLayout<> ring = RingLayout<>::Create(memory, kRingSlots);
  RingLayout<> returns(control.return_ring(), kReturnRingSlots);
  const auto worker = control.AttachRing(
      0, ShmPtr::At(kMainSegment, kMainHeapOffset), kRingSlots, getpid());
  CHI_CHECK_OK(worker.status());
  u64 position = 0;
  for (u64 done = 0; done < count; ++done) {
    ForgeOnce(ring, returns, &position, random);
    const u64 one = 1;
    static_cast<void>(
        !write(control.worker_eventfd(*worker), &one, sizeof(one)));
    board->done.fetch_add(1);
    // Whether the daemon has had enough of us; every time costs a call.
    if (done % 8 == 7 && !control.CheckSession().ok()) {
      board->cut_off.fetch_add(1);
      return 0;
    }
  }
  return 0;
}

// ---- both ----

int Run(const Args& args) {
  const bool tasks = args.Text("part") == "tasks";
  Summary summary;
  summary.name = tasks ? "forge_tasks" : "forge_rings";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  Daemon daemon;
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  Witnesses witness(daemon.dir(), 1);
  summary.Expect(witness.AwaitWarm(), "the witness did not get going");
  summary.Add("quiet_batch_p99_us", witness.slow_ns() / kNsPerUs);
  summary.begin_ns = NowNs();
  const Shared<Board> board;
  SeededRandom random(summary.seed);
  while (board->done < summary.asked && board->hung == 0 && daemon.IsAlive()) {
    const u64 again = args.Number("attacker");
    const u64 seed = again != 0 ? again : random.Next();
    const int how = Reap(Spawn([&] {
      return tasks ? AttackWithTasks(daemon.dir(), &*board, kTasksPerSession,
                                     seed)
                   : AttackRings(daemon.dir(), &*board, kForgeriesPerSession,
                                 seed);
    }));
    if (how != 0) {
      summary.Fail(Format("an attacker ended with {}, its seed {}", how, seed));
      break;
    }
  }
  summary.end_ns = NowNs();
  summary.done = board->done;
  summary.hung = board->hung;
  summary.Add("answered_with_an_error", board->refused);
  summary.Add("cut_off", board->cut_off);
  summary.Add("attacked_batch_p99_us", witness.slow_ns() / kNsPerUs);
  summary.Expect(daemon.IsAlive(), "the daemon died: " + daemon.ErrorText());
  witness.Stop(&summary);
  if (daemon.IsAlive()) {
    ExpectSameInventory(daemon, before, &summary);
    summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  }
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc,
                           argv,
                           {{"seed", "1"},
                            {"count", "20000"},
                            {"part", "tasks"},
                            {"attacker", "0"}}});
}
