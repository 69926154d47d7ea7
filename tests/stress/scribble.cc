// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Clients that write over their own shared memory while the runtime reads it:
//
//   --part scribbles  noise over all tasks, rings and buffers, for --ms each;
//                     tasks were submitted before, and doorbells ring on.
//   --part flips      a second thread flips every byte of tasks between their
//                     submission and their outcome, one after the other.
//
// Only the scribbler may suffer: a witness works beside them, and afterwards
// the daemon must hold what it held.

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/ipc/client_core.h"
#include "harness.h"
#include "witness.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;

constexpr u32 kScribblers = 4;
constexpr u64 kWordsAtATime = 4096;

struct Board {
  std::atomic<u64> done{0};
  std::atomic<u64> cut_off{0};
  std::atomic<u64> unanswered{0};
};

// ---- scribbles ----

void SubmitAllKinds(std::vector<Future<echo::EchoTask>>* texts,
                    std::vector<Future<echo::GrowTask>>* results) {
  echo::Client pool(kEchoPool);
  for (int i = 0; i < 64; ++i) {
    static_cast<void>(pool.AsyncSleep(HSHM_MCTX, PoolQuery::Local(),
                                      static_cast<u64>(i) * kNsPerMs));
    static_cast<void>(pool.AsyncLock(HSHM_MCTX, PoolQuery::Local(),
                                     echo::LockMode::kMutex, kNsPerMs, 1));
    static_cast<void>(pool.AsyncSpawn(HSHM_MCTX, PoolQuery::Local(), 8));
    texts->push_back(pool.AsyncEcho(HSHM_MCTX, PoolQuery::Local(),
                                    std::string(2000, 'x'), {1, 2, 3}));
    results->push_back(pool.AsyncGrow(HSHM_MCTX, PoolQuery::Local(), 10000));
  }
}

void WriteNoise(char* base, u64 size, SeededRandom& random) {
  auto* words = reinterpret_cast<volatile u64*>(base);
  const u64 num_words = size / sizeof(u64);
  if (random.Below(64) == 0) {  // all of it, in order
    for (u64 i = 0; i < num_words; ++i) words[i] = random.Next();
    return;
  }
  for (u64 i = 0; i < kWordsAtATime; ++i) {
    words[random.Below(num_words)] = random.Next();
  }
}

// Leaves by _exit: its own objects do not survive what it does.
[[noreturn]] void Scribble(const std::string& dir, Board* board, u64 seed,
                           u64 duration_ns) {
  const auto client = AttachTo(dir);
  ControlClient& control = client->client().control();
  const auto buffer = CHI_IPC->AllocateBuffer(512 * kKiB);
  std::vector<Future<echo::EchoTask>> texts;
  std::vector<Future<echo::GrowTask>> results;
  SubmitAllKinds(&texts, &results);
  SeededRandom random(seed);
  const OwnedSegment main = control.main_segment();
  const u64 end_ns = NowNs() + duration_ns;
  while (NowNs() < end_ns) {
    WriteNoise(main.base, main.size, random);
    WriteNoise(buffer.ptr_, 512 * kKiB, random);
    const u64 one = 1;
    static_cast<void>(!write(control.worker_eventfd(0), &one, sizeof(one)));
  }
  if (!control.CheckSession().ok()) board->cut_off.fetch_add(1);
  board->done.fetch_add(1);
  _exit(0);
}

// ---- flips ----

// Between submission and outcome all bytes of the task, the flipper's own
// included, change and change back.
class Flipper {
 public:
  explicit Flipper(u64 size) : size_(size), thread_([this] { Run(); }) {}
  Flipper(const Flipper&) = delete;
  Flipper& operator=(const Flipper&) = delete;
  ~Flipper() {
    stop_ = true;
    thread_.join();
  }
  void Aim(char* task) { target_ = task; }
  [[nodiscard]] u64 flips() const { return flips_; }

 private:
  void Run() {
    for (u64 i = 0; !stop_; ++i) {
      char* const task = target_.load();
      if (task == nullptr) continue;
      auto* byte = reinterpret_cast<std::atomic<u8>*>(task + i % size_);
      const u8 mask = static_cast<u8>(1 + i / size_ % 255);
      byte->fetch_xor(mask);
      byte->fetch_xor(mask);
      flips_.fetch_add(1, std::memory_order_relaxed);
    }
  }

  const u64 size_;
  std::atomic<char*> target_{nullptr};
  std::atomic<u64> flips_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Tasks with a text and numbers, each of which the flipper aims at. One that
// is not answered has lost its way by its client's own doing.
[[noreturn]] void FlipTasks(const std::string& dir, Board* board,
                            u64 duration_ns) {
  const auto client = AttachTo(dir);
  Flipper flipper(sizeof(echo::EchoTask));
  const u64 end_ns = NowNs() + duration_ns;
  u64 unanswered = 0;
  while (NowNs() < end_ns && unanswered < 16) {
    // Never freed: what it holds is not to be relied on any more.
    const auto task = CHI_IPC->NewTask<echo::EchoTask>(
        CreateTaskId(), kEchoPool, PoolQuery::Local(), "a text of no use",
        std::vector<u64>{1, 2, 3}, 7);
    flipper.Aim(reinterpret_cast<char*>(task.ptr_));
    CHI_IPC->Enqueue(task);
    if (!CurrentWaiter().Wait(*task, 200 * kNsPerMs).ok()) ++unanswered;
    if (!client->client().Check().ok()) break;
    board->done.fetch_add(1);
  }
  board->unanswered.fetch_add(unanswered);
  if (!client->client().control().CheckSession().ok()) {
    board->cut_off.fetch_add(1);
  }
  _exit(0);
}

// ---- both ----

int Run(const Args& args) {
  const bool scribbles = args.Text("part") == "scribbles";
  Summary summary;
  summary.name = scribbles ? "scribbles" : "flips";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  const u64 duration_ns = args.Number("ms") * kNsPerMs;
  Daemon daemon;
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  Witnesses witness(daemon.dir(), 1);
  summary.Expect(witness.AwaitWarm(), "the witness did not get going");
  const Shared<Board> board;
  SeededRandom random(summary.seed);
  summary.begin_ns = NowNs();
  // A flipper needs a processor for itself.
  const u32 at_a_time = scribbles ? kScribblers : 1;
  u64 begun = 0;
  while (begun < summary.asked && daemon.IsAlive()) {
    std::vector<pid_t> pids;
    for (u32 i = 0; i < at_a_time && begun < summary.asked; ++i, ++begun) {
      const u64 seed = random.Next();
      pids.push_back(Spawn([&]() -> int {
        if (scribbles) Scribble(daemon.dir(), &*board, seed, duration_ns);
        FlipTasks(daemon.dir(), &*board, duration_ns);
      }));
    }
    // A scribbler may fall over its own noise; only that it ends matters.
    for (const pid_t pid : pids) Reap(pid);
  }
  summary.end_ns = NowNs();
  summary.done = begun;
  summary.Add(scribbles ? "lived_through" : "tasks", board->done);
  summary.Add("cut_off", board->cut_off);
  if (!scribbles) summary.Add("unanswered", board->unanswered);
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
  return chi::stress::Run(
      {argc,
       argv,
       {{"seed", "1"}, {"count", "20"}, {"ms", "100"}, {"part", "scribbles"}}});
}
