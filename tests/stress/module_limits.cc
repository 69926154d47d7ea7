// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Modules that take what they should not, and pools that go while in use:
//
//   --part blocks  a method holds one of two workers and does not yield, again
//                  and again. Another client's tasks are answered meanwhile,
//                  and the log names the method with its stack.
//   --part pools   pools are made and destroyed, and their module unloaded,
//                  while clients' tasks run and sleep in them. Each task has an
//                  outcome, the module's file is mapped exactly while there is
//                  a pool of it, and nothing stays.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"
#include "harness.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;

// ---- blocks ----

// From then on a stand-in has the lanes of a worker that is held.
constexpr u64 kReliefNs = 500 * kNsPerMs;

struct Waits {
  std::atomic<bool> stop{false};
  std::atomic<u64> attached{0};
  std::atomic<u64> tasks{0};
  std::atomic<u64> failed{0};
  std::atomic<u64> held_ns{0};  // since when a worker is held; 0: it is not
  std::atomic<u64> p99_us{0};
  std::atomic<u64> max_us{0};
};

// Short tasks, one after the other; those after the relief are measured.
int AskForShortOnes(const std::string& dir, Waits* waits) {
  const auto client = AttachTo(dir);
  echo::Client pool(kEchoPool);
  std::vector<u64> times_us;
  waits->attached.fetch_add(1);
  while (!waits->stop) {
    const u64 held_ns = waits->held_ns;
    const u64 begin_ns = NowNs();
    const Status done =
        pool.AsyncNull(HSHM_MCTX, PoolQuery::Local()).Get(60 * kNsPerSec);
    if (!done.ok()) waits->failed.fetch_add(1);
    waits->tasks.fetch_add(1);
    if (held_ns != 0 && begin_ns > held_ns + kReliefNs) {
      times_us.push_back((NowNs() - begin_ns) / kNsPerUs);
    }
    PauseFor(100 * kNsPerUs);
  }
  waits->p99_us = Quantile(times_us, 0.99);
  waits->max_us = Quantile(times_us, 1);
  return 0;
}

int RunBlocks(const Args& args) {
  Summary summary;
  summary.name = "blocked_worker";
  summary.asked = args.Number("count");
  const u64 busy_ns = args.Number("ms") * kNsPerMs;
  DaemonOptions options;
  options.num_threads = 2;
  options.log_level = "warning";
  Daemon daemon(options);
  daemon.Start();
  const Shared<Waits> waits;
  const pid_t other =
      Spawn([&] { return AskForShortOnes(daemon.dir(), &*waits); });
  const bool ready = WaitUntil([&] { return waits->attached == 1; });
  summary.Expect(ready, "the other client did not attach");
  const int how = Reap(Spawn([&] {
    const auto client = AttachTo(daemon.dir());
    for (u64 i = 0; i < summary.asked; ++i) {
      waits->held_ns = NowNs();
      auto busy = echo::Client(kEchoPool).AsyncBusy(
          HSHM_MCTX, PoolQuery::Local(), busy_ns);
      if (!busy.Get(60 * kNsPerSec).ok()) return 1;
      waits->held_ns = 0;
    }
    return 0;
  }));
  summary.done = how == 0 ? summary.asked : 0;
  waits->stop = true;
  Reap(other);
  summary.Expect(waits->failed == 0, "a short task failed");
  const std::string text = daemon.ErrorText();
  u64 named = 0;
  for (size_t at = 0; (at = text.find("method Busy", at)) != text.npos; ++at) {
    ++named;
  }
  summary.Add("short_tasks", waits->tasks);
  summary.Add("short_p99_us", waits->p99_us);
  summary.Add("short_max_us", waits->max_us);
  summary.Add("unreported", summary.asked - std::min(named, summary.asked));
  summary.Add("with_stack", text.find("::Busy(") != text.npos ? 1 : 0);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

// ---- pools ----

constexpr u32 kPools = 4;

struct Traffic {
  std::atomic<bool> stop{false};
  std::atomic<u64> ran{0};
  std::atomic<u64> refused{0};
  std::atomic<u64> hung{0};
  std::atomic<u64> other{0};
  std::atomic<u64> other_code{0};
};

PoolId PoolOf(u64 number) { return {9100 + static_cast<u32>(number), 0}; }

void Enter(const Status& status, bool is_done, Traffic* traffic) {
  if (status.ok()) {
    traffic->ran.fetch_add(1);
  } else if (status.code() == StatusCode::kNotFound ||
             status.code() == StatusCode::kCancelled) {
    traffic->refused.fetch_add(1);
  } else if (!is_done) {
    traffic->hung.fetch_add(1);
  } else {
    traffic->other.fetch_add(1);
    traffic->other_code = status.code_value();
  }
}

int KeepThemBusy(const std::string& dir, Traffic* traffic, u64 seed) {
  const auto client = AttachTo(dir);
  SeededRandom random(seed);
  while (!traffic->stop) {
    std::vector<Future<echo::SleepTask>> sleeps;
    for (int i = 0; i < 64; ++i) {
      echo::Client pool;
      pool.pool_id_ = PoolOf(random.Below(kPools));
      const u64 ns = random.Below(4) == 0 ? random.Below(2 * kNsPerMs) : 0;
      sleeps.push_back(pool.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), ns));
    }
    for (auto& sleep : sleeps) {
      const Status status = sleep.Get(60 * kNsPerSec);
      Enter(status, sleep.IsDone(), traffic);
    }
  }
  return 0;
}

// As the system sees it, whatever the runtime says.
bool IsMapped(pid_t daemon, const std::string& library) {
  std::ifstream maps(Format("/proc/{}/maps", daemon));
  for (std::string line; std::getline(maps, line);) {
    if (line.find(library) != line.npos) return true;
  }
  return false;
}

// What is wrong with unloading the module, which has a pool or none.
std::string TryToUnload(pid_t daemon, bool has_pool) {
  const std::string module = "chimaera_echo";
  const auto gone =
      CHI_ADMIN->UnloadModule(HSHM_MCTX, PoolQuery::Local(), module);
  const bool mapped = IsMapped(daemon, "lib" + module + "_runtime.so");
  if (has_pool) {
    if (gone.status().code() == StatusCode::kBadRequest && mapped) return {};
    return Format("with a pool: {}, mapped: {}", gone.status(), mapped);
  }
  if (gone.ok() && *gone && !mapped) return {};
  return Format("{}, gone: {}, mapped: {}", gone.status(), gone.ok() && *gone,
                mapped);
}

int MakeAndDestroy(const std::string& dir, pid_t daemon, u64 count,
                   std::atomic<u64>* cycles) {
  const auto client = AttachTo(dir);
  for (u64 i = 0; i < count; ++i) {
    echo::Client pool;
    const PoolId id = PoolOf(i % kPools);
    const auto made = pool.Create(HSHM_MCTX, PoolQuery::Dynamic(),
                                  Format("cycle {}", i % kPools), id);
    if (!made.ok()) {
      std::fprintf(stderr, "create: %s\n", made.ToString().c_str());
      return 1;
    }
    PauseFor(i % 8 * 100 * kNsPerUs);
    std::string wrong = TryToUnload(daemon, true);
    const auto gone = CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), id);
    if (!gone.ok()) {
      std::fprintf(stderr, "destroy: %s\n", gone.ToString().c_str());
      return 1;
    }
    if (wrong.empty()) wrong = TryToUnload(daemon, false);
    if (!wrong.empty()) {
      std::fprintf(stderr, "unload: %s\n", wrong.c_str());
      return 1;
    }
    cycles->fetch_add(1);
  }
  return 0;
}

int RunPools(const Args& args) {
  Summary summary;
  summary.name = "pools_under_load";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  DaemonOptions options;
  options.num_threads = 2;
  Daemon daemon(options);
  daemon.Start();
  // No pool of the module but those of the cycles.
  Reap(Spawn([&] {
    const auto client = AttachTo(daemon.dir());
    const auto local = PoolQuery::Local();
    return CHI_ADMIN->DestroyPool(HSHM_MCTX, local, kEchoPool).ok() ? 0 : 1;
  }));
  const Inventory before = QuietInventory(daemon);
  const Shared<Traffic> traffic;
  const Shared<std::atomic<u64>> cycles;
  std::vector<pid_t> clients;
  for (u64 i = 0; i < 2; ++i) {
    clients.push_back(Spawn([&, i] {
      return KeepThemBusy(daemon.dir(), &*traffic, summary.seed + i);
    }));
  }
  summary.begin_ns = NowNs();
  const int how = Reap(Spawn([&] {
    return MakeAndDestroy(daemon.dir(), daemon.pid(), summary.asked, &*cycles);
  }));
  summary.end_ns = NowNs();
  summary.done = *cycles;
  summary.Expect(how == 0, Format("it stopped in cycle {}", cycles->load()));
  traffic->stop = true;
  for (const pid_t client : clients) Reap(client);
  summary.hung = traffic->hung;
  summary.Expect(traffic->other == 0,
                 Format("{} tasks ended otherwise, the last with {}",
                        traffic->other.load(), traffic->other_code.load()));
  summary.Expect(traffic->ran > 0, "no task found its pool");
  summary.Add("tasks_run", traffic->ran);
  summary.Add("tasks_refused", traffic->refused);
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  const chi::stress::Args args(
      argc, argv,
      {{"seed", "1"}, {"count", "20"}, {"ms", "600"}, {"part", "blocks"}});
  return args.Text("part") == "blocks" ? chi::stress::RunBlocks(args)
                                       : chi::stress::RunPools(args);
}
