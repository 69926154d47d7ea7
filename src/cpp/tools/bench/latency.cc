// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How long a null task takes from another process, one at a time and with 64
// in flight, against the raw ping-pong over two lines.

#include <array>

#include "chimaera/base/check.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/runtime/runtime.h"
#include "ping_pong.h"
#include "runtime_process.h"
#include "topics.h"

namespace chi::bench {
namespace {

constexpr i32 kClientCpu = 0;
constexpr i32 kWorkerCpu = 1;
constexpr u32 kDepth = 64;

using NullFuture = Future<chimaera::echo::NullTask>;

Samples OneAtATime(chimaera::echo::Client& echo, u64 slice_ns) {
  return TimeEach(slice_ns, [&echo] {
    NullFuture null = echo.AsyncNull(HSHM_MCTX, PoolQuery::Local());
    null.Wait();
  });
}

// Each sample is the mean over a turn of kDepth tasks.
Samples ManyInFlight(chimaera::echo::Client& echo, u64 slice_ns) {
  std::array<NullFuture, kDepth> in_flight;
  Samples samples = TimeEach(slice_ns, [&echo, &in_flight] {
    for (NullFuture& null : in_flight) {
      if (!null.IsNull()) null.Wait();
      null = echo.AsyncNull(HSHM_MCTX, PoolQuery::Local());
    }
  });
  for (NullFuture& null : in_flight) null.Wait();
  for (f64& sample : samples) sample /= kDepth;
  return samples;
}

}  // namespace

std::vector<Figure> Latency() {
  PingPong floor(kWorkerCpu);
  const RuntimeProcess runtime;
  PinTo(kClientCpu);
  ClientConfig config;
  config.runtime_dir = runtime.dir();
  auto client = Chimaera::Attach(config);
  CHI_CHECK_OK(client.status());
  chimaera::echo::Client echo;
  CHI_CHECK(echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "bench_echo",
                        PoolId(9000, 0)));

  const Slice reference = [&floor](u64 ns) { return floor.TwoLines(ns); };
  const std::string name = "two-line ping-pong";
  const Pairs single =
      Interleave([&echo](u64 ns) { return OneAtATime(echo, ns); }, reference);
  const Pairs many =
      Interleave([&echo](u64 ns) { return ManyInFlight(echo, ns); }, reference);
  return {CompareQuantile("null_task_p50", single, 0.5, name, 2),
          ComparePooled("null_task_p99", single, 0.99, name, 4),
          CompareQuantile("null_task_depth64", many, 0.5, name, 1)};
}

}  // namespace chi::bench
