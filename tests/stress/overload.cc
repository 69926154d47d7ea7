// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many clients that each ask for four times what they may have in flight. Each
// task must end exactly once, either run or refused with kOverloaded; what was
// accepted is what was completed; and no client is served more than
// `--max-spread` times what another is. The tasks compute, so that the worker
// is what everybody waits for and each client has tasks waiting. Still the
// kernel decides when 64 processes come back for more: the spread means
// something only over many seconds with nothing else on the machine, and 0
// prints it without judging it. The tests of lane shares judge it by counts.

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"
#include "harness.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;

constexpr u32 kMaxClients = 64;
constexpr u32 kInFlight = 64;
constexpr u32 kAsked = 4 * kInFlight;
// One worker's time. A round of all clients takes far longer than a client
// needs to come back.
constexpr u64 kTaskNs = 50 * kNsPerUs;

struct Score {
  std::atomic<u64> submitted{0};
  std::atomic<u64> ran{0};
  std::atomic<u64> refused{0};
  std::atomic<u64> hung{0};
  std::atomic<u64> other{0};
  std::atomic<u64> other_code{0};
};
struct Board {
  std::atomic<u32> attached{0};
  std::atomic<bool> go{false};
  std::atomic<bool> stop{false};
  std::array<Score, kMaxClients> scores;
};

int RunClient(const std::string& dir, Board* board, Score* score) {
  const auto client = AttachTo(dir);
  echo::Client pool(kEchoPool);
  board->attached.fetch_add(1);
  if (!WaitUntil([board] { return board->go.load(); })) return 1;
  while (!board->stop) {
    std::vector<Future<echo::BusyTask>> futures;
    for (u32 i = 0; i < kAsked; ++i) {
      futures.push_back(pool.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), kTaskNs));
    }
    score->submitted.fetch_add(kAsked);
    for (auto& future : futures) {
      const Status status = future.Get(60 * kNsPerSec);
      if (status.ok()) {
        score->ran.fetch_add(1);
      } else if (status.code() == StatusCode::kOverloaded) {
        score->refused.fetch_add(1);
      } else if (!future.IsDone()) {
        score->hung.fetch_add(1);
      } else {
        score->other.fetch_add(1);
        score->other_code = status.code_value();
      }
    }
  }
  return 0;
}

void Judge(const Board& board, u32 num_clients, u64 max_spread,
           Summary* summary) {
  u64 submitted = 0;
  u64 ran = 0;
  u64 refused = 0;
  u64 least = ~u64{0};
  u64 most = 0;
  for (u32 i = 0; i < num_clients; ++i) {
    const Score& score = board.scores[i];
    submitted += score.submitted;
    ran += score.ran;
    refused += score.refused;
    summary->hung += score.hung;
    least = std::min(least, score.ran.load());
    most = std::max(most, score.ran.load());
    summary->Expect(score.other == 0,
                    Format("client {}: {} tasks ended otherwise, code {}", i,
                           score.other.load(), score.other_code.load()));
  }
  summary->Expect(
      submitted == ran + refused,
      Format("{} submitted, {} run, {} refused", submitted, ran, refused));
  summary->Expect(refused > 0, "nothing was refused: this was no overload");
  summary->Expect(max_spread == 0 || most <= max_spread * least,
                  Format("served between {} and {} tasks", least, most));
  summary->Add("tasks_run", ran);
  summary->Add("tasks_refused", refused);
  summary->Add("served_least", least);
  summary->Add("served_most", most);
}

int Run(const Args& args) {
  Summary summary;
  summary.name = "overload";
  const u32 num_clients = static_cast<u32>(args.Number("count"));
  CHI_CHECK(num_clients <= kMaxClients);
  summary.asked = num_clients;
  DaemonOptions options;
  options.tasks_in_flight = kInFlight;
  Daemon daemon(options);
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  const Shared<Board> board;
  std::vector<pid_t> clients;
  for (u32 i = 0; i < num_clients; ++i) {
    clients.push_back(Spawn([&, i] {
      return RunClient(daemon.dir(), &*board, &board->scores[i]);
    }));
  }
  summary.Expect(WaitUntil([&] { return board->attached == num_clients; }),
                 "not all clients could attach");
  board->go = true;
  PauseFor(args.Number("seconds") * kNsPerSec);
  board->stop = true;
  for (const pid_t client : clients) {
    if (Reap(client) == 0) ++summary.done;
  }
  summary.end_ns = NowNs();
  Judge(*board, num_clients, args.Number("max-spread"), &summary);
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc,
                           argv,
                           {{"seed", "1"},
                            {"count", "64"},
                            {"seconds", "3"},
                            {"max-spread", "0"}}});
}
