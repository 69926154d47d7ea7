// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Clients that are stopped, as by a debugger, in the middle of their work.
// Nothing of theirs is taken away: a witness goes on meanwhile, and when they
// may continue all of them do, with no task lost.

#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <vector>

#include "chimaera/base/format.h"
#include "harness.h"
#include "witness.h"

namespace chi::stress {
namespace {

constexpr u32 kMaxClients = 256;
// A witness that gets on does this many in no time.
constexpr u64 kWitnessTasks = 1000;

struct Board {
  std::atomic<bool> stop{false};
  std::array<WitnessState, kMaxClients> clients;
};

int RunClient(const std::string& dir, const Board& board, WitnessState* state) {
  const auto client = AttachTo(dir);
  for (u64 number = 1; !board.stop.load();) {
    const u64 answered = RunHonestBatch(number, state);
    if (answered == 0) return 1;
    number += answered;
  }
  return 0;
}

// True when the kernel says so, for every thread of it.
bool AwaitStopped(pid_t pid) {
  int status = 0;
  return waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status);
}

// All of them have got on since `before`.
bool AwaitProgress(const Board& board, u32 count,
                   const std::vector<u64>& before) {
  return WaitUntil([&] {
    for (u32 i = 0; i < count; ++i) {
      if (board.clients[i].tasks <= before[i]) return false;
    }
    return true;
  });
}

void StopAndContinue(const std::vector<pid_t>& pids, const Board& board,
                     const Witnesses& witness, u64 stop_ns, Summary* summary) {
  const u32 count = static_cast<u32>(pids.size());
  for (const pid_t pid : pids) kill(pid, SIGSTOP);
  std::vector<u64> before;
  for (u32 i = 0; i < count; ++i) {
    summary->Expect(AwaitStopped(pids[i]), "a client could not be stopped");
    before.push_back(board.clients[i].tasks);
  }
  const u64 begun = witness.tasks();
  PauseFor(stop_ns);
  const bool alone =
      WaitUntil([&] { return witness.tasks() > begun + kWitnessTasks; });
  summary->Expect(alone, "the witness waits for clients that are stopped");
  for (u32 i = 0; i < count; ++i) {
    summary->Expect(board.clients[i].tasks == before[i],
                    "a client that is stopped works");
  }
  for (const pid_t pid : pids) kill(pid, SIGCONT);
  summary->Expect(AwaitProgress(board, count, before),
                  "a client that was stopped does not get on");
}

int Run(const Args& args) {
  Summary summary;
  summary.name = "stopped_clients";
  const u32 count = static_cast<u32>(args.Number("count"));
  CHI_CHECK(count <= kMaxClients);
  summary.asked = count;
  Daemon daemon;
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  Witnesses witness(daemon.dir(), 1);
  summary.Expect(witness.AwaitWarm(), "the witness did not get going");
  const Shared<Board> board;
  std::vector<pid_t> pids;
  for (u32 i = 0; i < count; ++i) {
    pids.push_back(Spawn([&, i] {
      return RunClient(daemon.dir(), *board, &board->clients[i]);
    }));
  }
  summary.Expect(AwaitProgress(*board, count, std::vector<u64>(count, 0)),
                 "not all clients got going");
  StopAndContinue(pids, *board, witness, args.Number("stop-ms") * kNsPerMs,
                  &summary);
  board->stop = true;
  u64 tasks = 0;
  for (u32 i = 0; i < count; ++i) {
    const WitnessState& state = board->clients[i];
    summary.hung += state.hung;
    tasks += state.tasks;
    if (Reap(pids[i]) == 0 && state.wrong == 0) ++summary.done;
  }
  summary.Add("tasks", tasks);
  witness.Stop(&summary);
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run(
      {argc, argv, {{"seed", "1"}, {"count", "20"}, {"stop-ms", "100"}}});
}
