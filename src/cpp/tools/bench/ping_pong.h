// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The floor: two processes that hand two cache lines back and forth, and do
// nothing else. The other process is forked before anything else starts.

#ifndef CHIMAERA_TOOLS_BENCH_PING_PONG_H_
#define CHIMAERA_TOOLS_BENCH_PING_PONG_H_

#include <sys/types.h>

#include "harness.h"

namespace chi::bench {

class PingPong {
 public:
  /// Forks a partner that runs on `partner_cpu` and sleeps between slices.
  explicit PingPong(i32 partner_cpu);
  ~PingPong();
  PingPong(const PingPong&) = delete;
  PingPong& operator=(const PingPong&) = delete;

  /// Round trips over a request line and a reply line.
  Samples TwoLines(u64 slice_ns);

 private:
  struct Shared;

  Shared* shared_;
  pid_t partner_;
};

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_PING_PONG_H_
