// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Whom the scheduler keeps out of whose way: short tasks beside long ones, few
// pools or many, a crowd of clients.

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <memory>

#include "blocking_peers.h"
#include "chimaera/base/clock.h"
#include "partner.h"
#include "runtime_process.h"
#include "tasks.h"

namespace chi::bench {
namespace {

using Nulls = std::array<Future<chimaera::echo::NullTask>, 64>;

// ---- short tasks beside long ones -------------------------------------------

// A client in a process of its own that always has 16 tasks of 1 ms queued.
class LongLoad {
 public:
  explicit LongLoad(const std::string& dir) : pid_(fork()) {
    CHI_CHECK(pid_ >= 0);
    if (pid_ == 0) Run(dir);
  }
  ~LongLoad() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  LongLoad(const LongLoad&) = delete;
  LongLoad& operator=(const LongLoad&) = delete;

 private:
  [[noreturn]] static void Run(const std::string& dir) {
    EchoClient client(dir);
    std::deque<Future<chimaera::echo::BusyTask>> queued;
    for (;;) {
      while (queued.size() < 16) {
        queued.push_back(
            client.echo().AsyncBusy(HSHM_MCTX, PoolQuery::Local(), kNsPerMs));
      }
      queued.front().Wait();
      queued.pop_front();
    }
  }

  const pid_t pid_;
};

Figure ShortBesideLong(const Effort& effort) {
  const Cpus cpus = AllowedCpus();
  FutexPeer futex(cpus.client);
  const RuntimeProcess runtime(2);
  const LongLoad load(runtime.dir());
  EchoClient client(runtime.dir());
  const Pinned pinned(cpus.client);
  const auto slices = TakeTurns({[&](u64 ns) { return client.Nulls(ns); },
                                 [&](u64 ns) { return futex.RoundTrips(ns); }},
                                effort);
  return PooledP99Ns("short_p99_beside_long", slices[0],
                     {"futex on one core, same load", slices[1]}, 2);
}

// ---- many pools
// --------------------------------------------------------------

constexpr u32 kManyPools = 10'000;

Samples ThroughPools(std::vector<chimaera::echo::Client>& pools, u32 num_pools,
                     u64 slice_ns) {
  Nulls in_flight;
  u32 next = 0;
  Samples samples = TimeEach(slice_ns, [&] {
    for (auto& null : in_flight) {
      if (!null.IsNull()) null.Wait();
      null = pools[next].AsyncNull(HSHM_MCTX, PoolQuery::Local());
      next = next + 1 == num_pools ? 0 : next + 1;
    }
  });
  for (auto& null : in_flight) null.Wait();
  for (f64& sample : samples) sample /= static_cast<f64>(in_flight.size());
  return samples;
}

Figure ManyPools(const Effort& effort, u32 num_pools) {
  const Cpus cpus = AllowedCpus();
  const RuntimeProcess runtime;
  EchoClient client(runtime.dir());
  std::vector<chimaera::echo::Client> pools;
  for (u32 i = 0; i < num_pools; ++i) {
    const PoolId id(10'000 + i, 0);
    pools.emplace_back(id);
    CHI_CHECK(pools.back().Create(HSHM_MCTX, PoolQuery::Dynamic(),
                                  "bench_" + std::to_string(i), id));
  }
  const Pinned pinned(cpus.client);
  // Each pool's method is learned first, as it would be in use.
  for (u32 i = 0; i < 20 * num_pools; ++i) {
    pools[i % num_pools].Null(HSHM_MCTX, PoolQuery::Local());
  }
  const auto slices =
      TakeTurns({[&](u64 ns) { return ThroughPools(pools, num_pools, ns); },
                 [&](u64 ns) { return ThroughPools(pools, 1, ns); }},
                effort);
  return Rate("many_pools", slices[0], {"one pool", slices[1]}, 1e9, "1/s",
              0.9);
}

// ---- many clients
// ------------------------------------------------------------

struct Crowd {
  std::atomic<u32> ready{0};
  std::atomic<u32> go{0};
  std::atomic<u64> tasks{0};
  std::atomic<u32> done{0};
};

// Clients that attach at a time.
constexpr u32 kConnecting = 16;

[[noreturn]] void BeOneOfCrowd(const std::string& dir, Crowd& crowd) {
  EchoClient client(dir);
  client.Null();
  crowd.ready.fetch_add(1);
  while (crowd.go.load() == 0) usleep(1000);
  Nulls in_flight;
  u64 tasks = 0;
  while (crowd.go.load(std::memory_order_relaxed) == 1) {
    for (auto& null : in_flight) {
      if (!null.IsNull()) null.Wait();
      null = client.echo().AsyncNull(HSHM_MCTX, PoolQuery::Local());
    }
    tasks += in_flight.size();
  }
  for (auto& null : in_flight) null.Wait();
  crowd.tasks.fetch_add(tasks);
  crowd.done.fetch_add(1);
  _exit(0);
}

Figure ManyClients(u32 num_clients, u64 duration_ns) {
  const RuntimeProcess runtime(1, /*small_clients=*/true);
  const Shared<Crowd> crowd;
  std::vector<pid_t> pids;
  const Clock& clock = SystemClock::Get();
  const u64 give_up_ns = clock.NowNs() + 60 * kNsPerSec;
  for (u32 i = 0; i < num_clients; ++i) {
    const pid_t pid = fork();
    CHI_CHECK(pid >= 0);
    if (pid == 0) BeOneOfCrowd(runtime.dir(), *crowd);
    pids.push_back(pid);
    // The runtime lets few connect at a time.
    const u32 last = i + 1 == num_clients ? 0 : kConnecting;
    while (crowd->ready.load() + last < pids.size()) {
      CHI_CHECK(clock.NowNs() < give_up_ns, "{} of {} clients attached",
                crowd->ready.load(), num_clients);
      usleep(100);
    }
  }
  const u64 begin_ns = clock.NowNs();
  crowd->go.store(1);
  while (clock.NowNs() < begin_ns + duration_ns) usleep(1000);
  crowd->go.store(2);
  for (const pid_t pid : pids) waitpid(pid, nullptr, 0);
  const u64 elapsed_ns = clock.NowNs() - begin_ns;
  CHI_CHECK(crowd->done.load() == num_clients, "a client has died");
  Figure figure;
  figure.name = "many_clients";
  figure.value = static_cast<f64>(crowd->tasks.load()) * 1e9 /
                 static_cast<f64>(elapsed_ns);
  figure.unit = "1/s";
  figure.target = Target{Bound::kAtLeast, 1e6};
  return figure;
}

}  // namespace

std::vector<Figure> SchedulingFigures(const Effort& effort) {
  const bool quick = effort.num_rounds < Effort().num_rounds;
  return {ShortBesideLong(effort), ManyPools(effort, quick ? 100 : kManyPools),
          ManyClients(quick ? 8 : 256, quick ? 100 * kNsPerMs : 5 * kNsPerSec)};
}

}  // namespace chi::bench
