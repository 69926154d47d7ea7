// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How long a null task takes from another process, one at a time: against the
// raw ping-pong, against what users have instead, and with both sides on one
// CPU.

#include <cstdio>
#include <string>

#include "blocking_peers.h"
#include "ping_pong.h"
#include "runtime_process.h"
#include "topics.h"

namespace chi::bench {
namespace {

// Both sides bound to the worker's CPU.
Figure OnOneCpu(EchoClient& client, FutexPeer& futex, i32 cpu,
                const Effort& effort) {
  const Pinned pinned(cpu);
  const auto slices = TakeTurns({[&](u64 ns) { return client.Nulls(ns); },
                                 [&](u64 ns) { return futex.RoundTrips(ns); }},
                                effort);
  return MedianNs("one_core_p50", slices[0],
                  {"same-core futex round trip", slices[1]}, 2);
}

}  // namespace

std::vector<Figure> Latency(const Effort& effort) {
  const Cpus cpus = AllowedCpus();
  PingPong floor(cpus.worker);
  FutexPeer futex(cpus.worker);
  const UnixSocketPeer unix_socket(cpus.worker);
  ZeroMqPeer zeromq(cpus.worker);
  const RuntimeProcess runtime;
  EchoClient client(runtime.dir());

  std::vector<Figure> figures;
  {
    const Pinned pinned(cpus.client);
    const auto slices =
        TakeTurns({[&](u64 ns) { return client.Nulls(ns); },
                   [&](u64 ns) { return floor.TwoLines(ns); },
                   [&](u64 ns) { return zeromq.RoundTrips(ns); },
                   [&](u64 ns) { return floor.OneLine(ns); },
                   [&](u64 ns) { return unix_socket.RoundTrips(ns); }},
                  effort);
    const Reference ping_pong = {"two-line ping-pong", slices[1]};
    figures.push_back(MedianNs("null_task_p50", slices[0], ping_pong, 2));
    figures.push_back(PooledP99Ns("null_task_p99", slices[0], ping_pong, 4));
    figures.push_back(Rate("null_task_vs_zeromq", slices[0],
                           {"ZeroMQ REQ/REP over ipc://", slices[2]}, 1e9,
                           "1/s", 100));
    figures.push_back(InformationNs("one_line_ping_pong", slices[3]));
    figures.push_back(InformationNs("unix_socket_ping_pong", slices[4]));
  }
  figures.push_back(OnOneCpu(client, futex, cpus.worker, effort));
  return figures;
}

void ServeNullSlices(const std::string& dir) {
  EchoClient client(dir);
  const Pinned pinned(AllowedCpus().client);
  unsigned long slice_ns = 0;
  while (std::scanf("%lu", &slice_ns) == 1) {
    std::printf("%.6g\n", Quantile(client.Nulls(slice_ns), 0.5));
    std::fflush(stdout);
  }
}

}  // namespace chi::bench
