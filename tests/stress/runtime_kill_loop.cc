// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// SIGKILL of the daemon while clients wait, and its restart in the same
// directory, again and again. Every wait must end with kRuntimeDied and soon;
// the old clients are refused for good, a new one is served, and the directory
// never holds more files than after the first start.

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/ipc/client_core.h"
#include "harness.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;

constexpr u32 kMaxClients = 16;
constexpr u32 kMaxWaits = 64;
constexpr u64 kNoticeBoundNs = 60 * kNsPerSec;

struct Wait {
  u64 ended_ns = 0;
  u32 code = 0;
};
struct Board {
  std::atomic<u32> waiting{0};
  std::atomic<bool> restarted{false};
  std::array<std::array<Wait, kMaxWaits>, kMaxClients> waits;
  std::array<std::atomic<u32>, kMaxClients> refused{};  // 1: as it must be
  std::atomic<u64> first_task_ns{0};
};

// One thread's wait for a task that the runtime will not live to finish.
void WaitInThread(Wait* wait, std::atomic<u32>* waiting) {
  echo::Client pool(kEchoPool);
  auto future = pool.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 600 * kNsPerSec);
  waiting->fetch_add(1);
  const Status status = future.Get(120 * kNsPerSec);
  wait->ended_ns = NowNs();
  wait->code = status.code_value();
}

// After the restart nothing of the old connection works, and all of it says so.
bool IsRefused(Chimaera& old) {
  echo::Client pool(kEchoPool);
  const Status called = pool.Null(HSHM_MCTX, PoolQuery::Local());
  const Status checked = old.client().control().Check();
  const auto grown =
      old.client().control().Grow(SegmentKind::kClientData, kMiB);
  return called.code() == StatusCode::kRuntimeDied &&
         checked.code() == StatusCode::kRuntimeDied &&
         grown.status().code() == StatusCode::kRuntimeDied;
}

int RunClient(const std::string& dir, Board* board, u32 client, u32 num_waits) {
  const auto attached = AttachTo(dir);
  std::vector<std::thread> threads;
  for (u32 i = 0; i < num_waits; ++i) {
    threads.emplace_back(WaitInThread, &board->waits[client][i],
                         &board->waiting);
  }
  for (std::thread& thread : threads) thread.join();
  if (!WaitUntil([board] { return board->restarted.load(); },
                 120 * kNsPerSec)) {
    return 1;
  }
  board->refused[client] = IsRefused(*attached) ? 1 : 0;
  return 0;
}

class Loop {
 public:
  Loop(const Args& args, Summary* summary)
      : num_clients_(static_cast<u32>(args.Number("clients"))),
        num_waits_(static_cast<u32>(args.Number("waits"))),
        max_delay_ns_(args.Number("max-delay-us") * kNsPerUs),
        random_(args.Number("seed")),
        summary_(summary),
        daemon_(OptionsFrom(args)) {
    CHI_CHECK(num_clients_ <= kMaxClients && num_waits_ <= kMaxWaits);
  }

  void Run(u64 count) {
    daemon_.Start();
    const u64 files = CountEntries(daemon_.dir());
    for (u64 i = 0; i < count && summary_->failures == 0; ++i) {
      Round();
      const u64 now = CountEntries(daemon_.dir());
      summary_->Expect(now == files, Format("{} files, then {}", files, now));
      ++summary_->done;
    }
    summary_->Expect(daemon_.Stop() == 0, "the last daemon did not stop");
    summary_->Add("waits", notices_ns_.size());
    summary_->Add("notice_p99_ms", Quantile(notices_ns_, 0.99) / kNsPerMs);
    summary_->Add("notice_max_ms", Quantile(notices_ns_, 1) / kNsPerMs);
    summary_->Add("ready_p99_ms", Quantile(ready_ns_, 0.99) / kNsPerMs);
    summary_->Add("first_task_p99_ms",
                  Quantile(first_task_ns_, 0.99) / kNsPerMs);
  }

 private:
  static DaemonOptions OptionsFrom(const Args& args) {
    DaemonOptions options;
    options.ram_bytes = args.Number("ram-mib") * kMiB;
    return options;
  }

  void Round() {
    const Shared<Board> board;
    std::vector<pid_t> clients;
    for (u32 i = 0; i < num_clients_; ++i) {
      clients.push_back(Spawn(
          [&, i] { return RunClient(daemon_.dir(), &*board, i, num_waits_); }));
    }
    const u32 all = num_clients_ * num_waits_;
    summary_->Expect(
        WaitUntil([&] { return board->waiting == all; }, 60 * kNsPerSec),
        "the clients did not come to wait");
    PauseFor(random_.Below(max_delay_ns_));
    const u64 killed_ns = NowNs();
    daemon_.Kill();
    const u64 gone_ns = NowNs();
    daemon_.Start();
    ready_ns_.push_back(NowNs() - gone_ns);
    FirstTask(&*board, gone_ns);
    board->restarted = true;
    for (u32 i = 0; i < num_clients_; ++i) {
      const int how = Reap(clients[i]);
      summary_->Expect(how == 0 && board->refused[i] == 1,
                       Format("client {} ended with {}, refused: {}", i, how,
                              board->refused[i].load()));
    }
    CheckWaits(*board, killed_ns);
  }

  void FirstTask(Board* board, u64 gone_ns) {
    const int how = Reap(Spawn([&] {
      const auto client = AttachTo(daemon_.dir());
      echo::Client pool(kEchoPool);
      const bool ok = pool.Null(HSHM_MCTX, PoolQuery::Local()).ok();
      board->first_task_ns = NowNs();
      return ok ? 0 : 1;
    }));
    summary_->Expect(how == 0, "a new client was not served");
    first_task_ns_.push_back(board->first_task_ns - gone_ns);
  }

  void CheckWaits(const Board& board, u64 killed_ns) {
    constexpr u32 kWanted = static_cast<u32>(StatusCode::kRuntimeDied);
    for (u32 client = 0; client < num_clients_; ++client) {
      for (u32 i = 0; i < num_waits_; ++i) {
        const Wait& wait = board.waits[client][i];
        const u64 took_ns = wait.ended_ns - killed_ns;
        summary_->Expect(wait.code == kWanted,
                         Format("a wait ended with code {}", wait.code));
        if (wait.ended_ns == 0 || took_ns > kNoticeBoundNs) ++summary_->hung;
        notices_ns_.push_back(took_ns);
      }
    }
  }

  const u32 num_clients_;
  const u32 num_waits_;
  const u64 max_delay_ns_;
  SeededRandom random_;
  Summary* const summary_;
  Daemon daemon_;
  std::vector<u64> notices_ns_;
  std::vector<u64> ready_ns_;
  std::vector<u64> first_task_ns_;
};

int Run(const Args& args) {
  Summary summary;
  summary.name = "runtime_kill_loop";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  summary.Add("ram_mib", args.Number("ram-mib"));
  Loop(args, &summary).Run(summary.asked);
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc,
                           argv,
                           {{"seed", "1"},
                            {"count", "20"},
                            {"clients", "8"},
                            {"waits", "64"},
                            {"ram-mib", "256"},
                            {"max-delay-us", "5000"}}});
}
