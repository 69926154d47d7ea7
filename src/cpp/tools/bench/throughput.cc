// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a null task costs when 64 of them are in flight: one client thread, one
// worker.

#include <array>

#include "boost_peers.h"
#include "chimaera/admin/admin_client.h"
#include "chimaera/base/check.h"
#include "ping_pong.h"
#include "runtime_process.h"
#include "topics.h"

namespace chi::bench {
namespace {

constexpr u32 kDepth = 64;

// Each sample is the mean over a turn of kDepth tasks.
Samples ManyInFlight(chimaera::echo::Client& echo, u64 slice_ns) {
  std::array<Future<chimaera::echo::NullTask>, kDepth> in_flight;
  Samples samples = TimeEach(slice_ns, [&echo, &in_flight] {
    for (auto& null : in_flight) {
      if (!null.IsNull()) null.Wait();
      null = echo.AsyncNull(HSHM_MCTX, PoolQuery::Local());
    }
  });
  for (auto& null : in_flight) null.Wait();
  for (f64& sample : samples) sample /= kDepth;
  return samples;
}

// The same with statistics on or off. The switch is not timed.
Samples WithStatistics(chimaera::echo::Client& echo, bool on, u64 slice_ns) {
  CHI_CHECK_OK(chimaera::admin::Client().AsyncSetSampling(HSHM_MCTX, on).Get());
  return ManyInFlight(echo, slice_ns);
}

}  // namespace

std::vector<Figure> Throughput(const Effort& effort) {
  const Cpus cpus = AllowedCpus();
  PingPong floor(cpus.worker);
  BoostQueuePeer boost_queue(cpus.worker, kDepth);
  const RuntimeProcess runtime;
  EchoClient client(runtime.dir());
  const Pinned pinned(cpus.client);
  const auto slices = TakeTurns(
      {[&](u64 ns) { return ManyInFlight(client.echo(), ns); },
       [&](u64 ns) { return floor.TwoLines(ns); },
       [&](u64 ns) { return boost_queue.ManyInFlight(ns); },
       [](u64 ns) { return LaunchFibers(ns); },
       [&](u64 ns) { return WithStatistics(client.echo(), false, ns); },
       [&](u64 ns) { return WithStatistics(client.echo(), true, ns); }},
      effort);
  return {
      MedianNs("null_task_depth64", slices[0],
               {"two-line ping-pong", slices[1]}, 1),
      Rate("null_task_vs_boost_queue", slices[0],
           {"Boost.Interprocess queue, depth 64", slices[2]}, 1e9, "1/s", 3),
      InformationNs("boost_fiber_launch", slices[3]),
      MedianNs("stats_cost", slices[5], {"statistics off", slices[4]}, 1.03)};
}

}  // namespace chi::bench
