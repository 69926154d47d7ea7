// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What modules do to the daemon they run in:
//
//   --part throws   every task throws, in turn an exception with a text and a
//                   number. Each must end with an error that says so, and
//                   nothing may be kept.
//   --part crashes  a method aborts, raises SIGSEGV or overflows its stack. The
//                   daemon dies of it, says in which method, the clients are
//                   told, and the next daemon starts at once.

#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"
#include "harness.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;

constexpr u64 kBatch = 256;

struct Board {
  std::atomic<u64> done{0};
  std::atomic<u64> wrong{0};
  std::atomic<u64> waiting{0};
  std::atomic<u64> told{0};
  std::atomic<u64> last_code{0};
};

// ---- throws ----

int Throw(const std::string& dir, Board* board, u64 count) {
  const auto client = AttachTo(dir);
  echo::Client pool(kEchoPool);
  constexpr u32 kThrown = static_cast<u32>(StatusCode::kModuleException);
  for (u64 begun = 0; begun < count;) {
    std::vector<Future<echo::ThrowTask>> futures;
    for (; futures.size() < kBatch && begun < count; ++begun) {
      futures.push_back(pool.AsyncThrow(HSHM_MCTX, PoolQuery::Local(),
                                        begun % 2 == 0 ? "as asked" : ""));
    }
    for (auto& future : futures) {
      const Status status = future.Get();
      if (status.code_value() != kThrown) {
        board->wrong.fetch_add(1);
        board->last_code = status.code_value();
      }
    }
    board->done.fetch_add(futures.size());
  }
  return 0;
}

int RunThrows(const Args& args) {
  Summary summary;
  summary.name = "module_throws";
  summary.asked = args.Number("count");
  Daemon daemon;
  daemon.Start();
  const Shared<Board> warm;
  Reap(Spawn([&] { return Throw(daemon.dir(), &*warm, 20000); }));
  const Inventory before = QuietInventory(daemon);
  summary.begin_ns = NowNs();
  const Shared<Board> board;
  const int how =
      Reap(Spawn([&] { return Throw(daemon.dir(), &*board, summary.asked); }));
  summary.end_ns = NowNs();
  summary.done = board->done;
  summary.Expect(how == 0, Format("the client ended with {}", how));
  summary.Expect(board->wrong == 0,
                 Format("{} tasks ended otherwise, the last with {}",
                        board->wrong.load(), board->last_code.load()));
  ExpectSameInventory(daemon, before, &summary);
  // The heap of the daemon: what one lost byte per task would exceed.
  const Inventory after = TakeInventory(daemon);
  const u64 allowed = before.anon_bytes + 512 * kKiB;
  summary.Expect(after.anon_bytes <= allowed,
                 Format("private memory grew from {} to {}", before.anon_bytes,
                        after.anon_bytes));
  const u64 took_ns = summary.end_ns - summary.begin_ns;
  summary.Add("ns_per_task", took_ns / std::max<u64>(summary.done, 1));
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

// ---- crashes ----

struct Kind {
  echo::CrashKind kind;
  int signal;
};
constexpr Kind kKinds[] = {{echo::CrashKind::kAbort, SIGABRT},
                           {echo::CrashKind::kSegv, SIGSEGV},
                           {echo::CrashKind::kStackOverflow, SIGSEGV}};
constexpr u64 kBystanders = 2;

// Waits for something else when another client's task crashes the daemon.
int StandBy(const std::string& dir, Board* board) {
  const auto client = AttachTo(dir);
  echo::Client pool(kEchoPool);
  auto future = pool.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 60 * kNsPerSec);
  board->waiting.fetch_add(1);
  const Status status = future.Get(60 * kNsPerSec);
  if (status.code() == StatusCode::kRuntimeDied) board->told.fetch_add(1);
  return 0;
}

int CrashIt(const std::string& dir, Board* board, echo::CrashKind kind) {
  const auto client = AttachTo(dir);
  const Status status =
      echo::Client(kEchoPool).Crash(HSHM_MCTX, PoolQuery::Local(), kind);
  if (status.code() == StatusCode::kRuntimeDied) board->told.fetch_add(1);
  return 0;
}

void CrashRound(Daemon* daemon, const Kind& kind, Summary* summary) {
  const Shared<Board> board;
  std::vector<pid_t> clients;
  for (u64 i = 0; i < kBystanders; ++i) {
    clients.push_back(Spawn([&] { return StandBy(daemon->dir(), &*board); }));
  }
  const bool waiting = WaitUntil([&] { return board->waiting == kBystanders; });
  summary->Expect(waiting, "the bystanders did not come to wait");
  clients.push_back(
      Spawn([&] { return CrashIt(daemon->dir(), &*board, kind.kind); }));
  const int status = daemon->AwaitEnd();
  const bool by_signal =
      status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == kind.signal;
  summary->Expect(by_signal, Format("the daemon's wait status is {}", status));
  for (const pid_t client : clients) Reap(client);
  summary->Expect(board->told == kBystanders + 1,
                  Format("{} clients were told", board->told.load()));
  const std::string text = daemon->ErrorText();
  bool named = true;
  for (const char* word : {"chimaera: crash: ", "pool 9000.0 (echo)",
                           "module chimaera_echo", "method Crash", "task "}) {
    named &= text.find(word) != std::string::npos;
  }
  summary->Expect(named, "no report names the method: " + text);
  if (by_signal && named) ++summary->done;
}

int RunCrashes(const Args& args) {
  Summary summary;
  summary.name = "module_crashes";
  summary.asked = args.Number("count");
  DaemonOptions options;
  options.allow_crash = true;
  Daemon daemon(options);
  std::vector<u64> starts_ns;
  for (u64 i = 0; i < summary.asked && summary.failures == 0; ++i) {
    const u64 begin_ns = NowNs();
    daemon.Start();
    starts_ns.push_back(NowNs() - begin_ns);
    CrashRound(&daemon, kKinds[i % std::size(kKinds)], &summary);
  }
  summary.Add("start_p99_ms", Quantile(starts_ns, 0.99) / kNsPerMs);
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  const chi::stress::Args args(
      argc, argv, {{"seed", "1"}, {"count", "20"}, {"part", "throws"}});
  return args.Text("part") == "throws" ? chi::stress::RunThrows(args)
                                       : chi::stress::RunCrashes(args);
}
