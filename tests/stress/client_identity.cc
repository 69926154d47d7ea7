// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who a client is. Two ways to be mistaken about it:
//
//   --part forks  a client forks, then dies; its child holds every descriptor
//                 and lives. The daemon must reclaim all the same.
//   --part pids   a client dies and another process gets its number, at once
//                 and on purpose. The dead one's session must end, the new
//                 one's must not.
//
// The second part sets the number of the next process (ns_last_pid), so it
// needs root, and asks again when somebody else was faster.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"
#include "harness.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;

constexpr char kLastPid[] = "/proc/sys/kernel/ns_last_pid";

struct Board {
  std::atomic<bool> attached{false};
  std::atomic<bool> go{false};
  std::atomic<bool> stop{false};
  std::atomic<pid_t> grandchild{0};
};

// Attaches, works once, and waits to be killed.
int RunClient(const std::string& dir, Board* board) {
  const auto client = AttachTo(dir);
  echo::Client pool(kEchoPool);
  if (!pool.Null(HSHM_MCTX, PoolQuery::Local()).ok()) return 1;
  board->attached = true;
  for (;;) PauseFor(kNsPerSec);
}

class Reclaims {
 public:
  Reclaims(const Daemon& daemon, Summary* summary)
      : daemon_(daemon),
        base_(daemon.CountSessionMappings()),
        summary_(summary) {}

  // Waits until `left` clients, of two mappings each, are still there.
  bool Await(u64 left) {
    const u64 begin_ns = NowNs();
    const bool gone = WaitUntil(
        [&] { return daemon_.CountSessionMappings() == base_ + 2 * left; });
    const u64 took_ns = NowNs() - begin_ns;
    slowest_ns_ = std::max(slowest_ns_, took_ns);
    if (!gone) ++summary_->hung;
    return gone;
  }
  [[nodiscard]] u64 slowest_ms() const { return slowest_ns_ / kNsPerMs; }

 private:
  const Daemon& daemon_;
  const u64 base_;
  Summary* const summary_;
  u64 slowest_ns_ = 0;
};

// ---- fork, then kill the parent ----

int RunForker(const std::string& dir, Board* board) {
  const auto client = AttachTo(dir);
  const pid_t child = fork();
  if (child == 0) {
    // Not Spawn: it is to outlive its parent.
    _exit(WaitUntil([board] { return board->stop.load(); }, 60 * kNsPerSec)
              ? 0
              : 1);
  }
  board->grandchild = child;
  board->attached = true;
  for (;;) PauseFor(kNsPerSec);
}

void ForkRound(const Daemon& daemon, Reclaims* reclaims, Summary* summary) {
  const Shared<Board> board;
  const pid_t client = Spawn([&] { return RunForker(daemon.dir(), &*board); });
  const bool ready = WaitUntil([&] { return board->attached.load(); });
  summary->Expect(ready, "the client did not attach");
  KillAndReap(client);
  if (reclaims->Await(0)) ++summary->done;
  // It lives, and lived while its parent's session was reclaimed.
  summary->Expect(kill(board->grandchild, 0) == 0, "the child did not live");
  board->stop = true;
}

// ---- the same number again ----

bool SetNextPid(pid_t pid) {
  std::ofstream file(kLastPid);
  file << pid - 1 << std::flush;
  return file.good();
}

// A process with the number `pid`, which waits for `go` and then attaches.
pid_t SpawnAs(pid_t pid, const std::string& dir, Board* board) {
  for (int tries = 0; tries < 50; ++tries) {
    if (!SetNextPid(pid)) return -1;
    const pid_t got = Spawn([&]() -> int {
      if (!WaitUntil([board] { return board->go.load(); })) return 1;
      return RunClient(dir, board);
    });
    if (got == pid) return got;
    KillAndReap(got);
  }
  return -1;
}

bool PidRound(const Daemon& daemon, u64 round, Reclaims* reclaims,
              Summary* summary) {
  const Shared<Board> old_board;
  const Shared<Board> board;
  // Every other time the new one attaches before the daemon can have noticed.
  board->go = round % 2 == 0;
  const pid_t old = Spawn([&] { return RunClient(daemon.dir(), &*old_board); });
  const bool ready = WaitUntil([&] { return old_board->attached.load(); });
  summary->Expect(ready, "the first client did not attach");
  KillAndReap(old);
  const pid_t client = SpawnAs(old, daemon.dir(), &*board);
  if (client < 0) {  // the number is taken by a process of somebody else
    reclaims->Await(0);
    return false;
  }
  if (!board->go) reclaims->Await(0);
  board->go = true;
  const bool served = WaitUntil([&] { return board->attached.load(); });
  const bool one = reclaims->Await(1);
  const Inventory inventory = TakeInventory(daemon);
  const bool alive = kill(client, 0) == 0;
  summary->Expect(served && one && alive && inventory.sessions == 2,
                  Format("served {}, one left {}, sessions {}", served, one,
                         inventory.sessions));
  KillAndReap(client);
  if (reclaims->Await(0)) ++summary->done;
  return true;
}

int Run(const Args& args) {
  const bool forks = args.Text("part") == "forks";
  Summary summary;
  summary.name = forks ? "fork_then_kill" : "pid_reuse";
  summary.asked = args.Number("count");
  summary.seed = args.Number("seed");
  // The mode of the file tells nothing: whoever writes is asked for a
  // capability.
  if (!forks && !SetNextPid(getpid() + 1)) return summary.Skip("needs_root");
  Daemon daemon;
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  const bool quiet =
      WaitUntil([&] { return daemon.CountSessionMappings() == 0; });
  summary.Expect(quiet, "the daemon kept the first sessions");
  Reclaims reclaims(daemon, &summary);
  u64 taken = 0;
  for (u64 i = 0; summary.done < summary.asked && summary.failures == 0 &&
                  summary.hung == 0 && taken <= summary.asked;
       ++i) {
    if (forks) {
      ForkRound(daemon, &reclaims, &summary);
    } else if (!PidRound(daemon, i, &reclaims, &summary)) {
      ++taken;
    }
  }
  ExpectSameInventory(daemon, before, &summary);
  summary.Add("reclaim_max_ms", reclaims.slowest_ms());
  if (!forks) summary.Add("numbers_taken", taken);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run(
      {argc, argv, {{"seed", "1"}, {"count", "20"}, {"part", "forks"}}});
}
