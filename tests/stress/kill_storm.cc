// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Clients that are killed at any moment: mid-enqueue, mid-task, holding
// buffers, blocks, locks and results, some of them left as zombies. Eight at a
// time, beside two witnesses at full load, whose tasks must neither be lost nor
// answered twice, and afterwards the daemon must hold what it held before.

#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/bdev/bdev_client.h"
#include "chimaera/echo/echo_client.h"
#include "harness.h"
#include "witness.h"

namespace chi::stress {
namespace {

namespace bdev = ::chimaera::bdev;
namespace echo = ::chimaera::echo;

constexpr u32 kVictims = 8;
constexpr u32 kKinds = 7;
constexpr u64 kMaxDelayNs = 3 * kNsPerMs;
// One in so many of the dead is not waited for until the end.
constexpr u64 kZombieEvery = 10;

struct Board {
  std::array<std::atomic<u64>, kVictims> attached_ns{};
};

[[noreturn]] void Flood(u32 kind, SeededRandom& random) {
  echo::Client pool(kEchoPool);
  bdev::Client device(kBdevPool);
  device.pool_id_ = kBdevPool;
  std::vector<Future<echo::SleepTask>> sleeping;
  std::vector<Future<echo::GrowTask>> results;
  for (;;) {
    switch (kind) {
      case 0:  // mid-enqueue
        for (int i = 0; i < 64; ++i) {
          static_cast<void>(pool.AsyncNull(HSHM_MCTX, PoolQuery::Local()));
        }
        break;
      case 1:  // mid-task; some would outlive the test if nobody ended them
        sleeping.push_back(pool.AsyncSleep(HSHM_MCTX, PoolQuery::Local(),
                                           random.Below(4) == 0
                                               ? 600 * kNsPerSec
                                               : random.Below(50 * kNsPerMs)));
        if (sleeping.size() > 256) sleeping.clear();
        break;
      case 2:  // holding buffers, and asking for more of them
        CHI_IPC->AllocateBuffer(random.Below(256 * kKiB) + 1);
        break;
      case 3: {  // holding blocks, and writing
        const auto block =
            device.Allocate(HSHM_MCTX, random.Below(64 * kKiB) + 1);
        if (!block.ok()) break;
        const auto buffer = CHI_IPC->AllocateBuffer(4096);
        if (buffer.ptr_ == nullptr) break;
        static_cast<void>(device.AsyncWrite(HSHM_MCTX, *block, buffer.shm_,
                                            std::min<u64>(4096, block->size_)));
        static_cast<void>(device.AsyncLocate(HSHM_MCTX, *block));
        break;
      }
      case 4:  // holding results
        results.push_back(pool.AsyncGrow(HSHM_MCTX, PoolQuery::Local(),
                                         random.Below(32 * kKiB) + 1));
        if (results.size() > 64) results.back().Wait();
        break;
      case 5:  // holding a lock that all want, and waiting for it
        static_cast<void>(pool.AsyncLock(
            HSHM_MCTX, PoolQuery::Local(), echo::LockMode::kMutex,
            random.Below(50 * kNsPerMs), static_cast<u32>(random.Below(2))));
        static_cast<void>(pool.AsyncLock(HSHM_MCTX, PoolQuery::Local(),
                                         echo::LockMode::kWrite,
                                         random.Below(50 * kNsPerMs)));
        break;
      default:  // in exceptions and subtasks
        static_cast<void>(pool.AsyncThrow(HSHM_MCTX, PoolQuery::Local(), "x"));
        static_cast<void>(pool.AsyncSpawn(HSHM_MCTX, PoolQuery::Local(), 8));
    }
  }
}

class Storm {
 public:
  Storm(const Daemon& daemon, const Shared<Board>& board, u64 seed,
        Summary* summary)
      : daemon_(daemon), board_(board), random_(seed), summary_(summary) {}

  void Run(u64 count, u64 end_ns) {
    while ((started_ < count && NowNs() < end_ns) || running_ > 0) {
      for (u32 i = 0; i < kVictims; ++i) {
        if (victims_[i].pid > 0) {
          Look(i);
        } else if (started_ < count && NowNs() < end_ns) {
          Launch(i);
        }
      }
      PauseFor(50 * kNsPerUs);
    }
  }
  void ReapZombies() {
    for (const pid_t pid : zombies_) Reap(pid);
    zombies_.clear();
  }

 private:
  struct Victim {
    pid_t pid = -1;
    u64 delay_ns = 0;
    u64 forked_ns = 0;
  };

  void Launch(u32 i) {
    board_->attached_ns[i] = 0;
    const u32 kind = static_cast<u32>(started_++ % kKinds);
    const u64 seed = random_.Next();
    victims_[i].delay_ns = random_.Below(kMaxDelayNs);
    victims_[i].forked_ns = NowNs();
    ++running_;
    victims_[i].pid = Spawn([this, i, kind, seed]() -> int {
      const auto client = AttachTo(daemon_.dir());
      SeededRandom random(seed);
      board_->attached_ns[i] = NowNs();
      Flood(kind, random);
    });
  }

  // Kills it when its time has come.
  void Look(u32 i) {
    Victim& victim = victims_[i];
    const u64 attached_ns = board_->attached_ns[i].load();
    const u64 now_ns = NowNs();
    if (attached_ns == 0) {
      if (now_ns - victim.forked_ns < 60 * kNsPerSec) return;
      ++summary_->hung;
      summary_->Fail("a client could not attach");
    } else if (now_ns < attached_ns + victim.delay_ns) {
      return;
    }
    kill(victim.pid, SIGKILL);
    if (++summary_->done % kZombieEvery == 0) {
      zombies_.push_back(victim.pid);
    } else {
      const int how = Reap(victim.pid);
      summary_->Expect(how == 256 + SIGKILL,
                       Format("a client ended by itself: {}", how));
    }
    victim.pid = -1;
    --running_;
  }

  const Daemon& daemon_;
  const Shared<Board>& board_;
  SeededRandom random_;
  Summary* const summary_;
  std::array<Victim, kVictims> victims_;
  std::vector<pid_t> zombies_;
  u64 started_ = 0;
  u32 running_ = 0;
};

// How long until the locks are free that the dead held and waited for.
void TakeLocks(const Daemon& daemon, Summary* summary) {
  const u64 begin_ns = NowNs();
  const int how = Reap(Spawn([&] {
    const auto client = AttachTo(daemon.dir());
    echo::Client pool(kEchoPool);
    for (const auto mode : {echo::LockMode::kMutex, echo::LockMode::kWrite}) {
      auto lock = pool.AsyncLock(HSHM_MCTX, PoolQuery::Local(), mode, 0);
      if (!lock.Get(60 * kNsPerSec).ok()) return 1;
    }
    return 0;
  }));
  summary->Expect(how == 0, "a lock of the dead was not released");
  summary->Add("locks_free_ms", (NowNs() - begin_ns) / kNsPerMs);
}

// A client with much memory: how long until the daemon has let go of it.
void KillGiants(const Daemon& daemon, u64 count, u64 bytes, Summary* summary) {
  u64 slowest_ns = 0;
  for (u64 i = 0; i < count; ++i) {
    const u64 before = daemon.CountSessionMappings();
    const Shared<std::atomic<bool>> ready;
    const pid_t pid = Spawn([&]() -> int {
      const auto client = AttachTo(daemon.dir());
      const auto buffer = CHI_IPC->AllocateBuffer(bytes);
      CHI_CHECK(buffer.ptr_ != nullptr);
      for (u64 at = 0; at < bytes; at += 4096) buffer.ptr_[at] = 1;
      *ready = true;
      for (;;) PauseFor(kNsPerSec);
    });
    const bool attached =
        WaitUntil([&] { return ready->load(); }, 120 * kNsPerSec);
    summary->Expect(attached && daemon.CountSessionMappings() > before,
                    "a client with much memory did not get it");
    const u64 begin_ns = NowNs();
    kill(pid, SIGKILL);
    // At most: whoever looked at the daemon last may have been still leaving
    // when `before` was counted.
    const bool gone =
        WaitUntil([&] { return daemon.CountSessionMappings() <= before; });
    slowest_ns = std::max(slowest_ns, NowNs() - begin_ns);
    Reap(pid);
    if (!gone) ++summary->hung;
  }
  if (count == 0) return;
  summary->Add("giants", count);
  summary->Add("giant_mib", bytes / kMiB);
  summary->Add("giant_reclaim_ms", slowest_ns / kNsPerMs);
  summary->Add("giant_bound_ms", 250 + 150 * (bytes / kMiB) / 1024);
}

int Run(const Args& args) {
  Summary summary;
  summary.name = "kill_storm";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  Daemon daemon;
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  const Shared<Board> board;
  Witnesses witnesses(daemon.dir(), 2);
  summary.Expect(witnesses.AwaitWarm(), "the witnesses did not get going");
  summary.Add("quiet_batch_p99_us", witnesses.slow_ns() / kNsPerUs);

  summary.begin_ns = NowNs();
  Storm storm(daemon, board, summary.seed, &summary);
  storm.Run(summary.asked,
            summary.begin_ns + args.Number("seconds") * kNsPerSec);
  summary.end_ns = NowNs();
  summary.Add("storm_batch_p99_us", witnesses.slow_ns() / kNsPerUs);
  TakeLocks(daemon, &summary);
  witnesses.Stop(&summary);
  // While the zombies are still there: they must not count as clients.
  ExpectSameInventory(daemon, before, &summary);
  storm.ReapZombies();
  KillGiants(daemon, args.Number("giants"), args.Number("giant-mib") * kMiB,
             &summary);
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.IsAlive(), "the daemon died");
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc,
                           argv,
                           {{"seed", "1"},
                            {"count", "200"},
                            {"seconds", "600"},
                            {"giants", "1"},
                            {"giant-mib", "64"}}});
}
