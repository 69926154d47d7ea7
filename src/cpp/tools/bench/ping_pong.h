// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The floor: two processes that hand cache lines back and forth, and do
// nothing else.

#ifndef CHIMAERA_TOOLS_BENCH_PING_PONG_H_
#define CHIMAERA_TOOLS_BENCH_PING_PONG_H_

#include "harness.h"
#include "partner.h"

namespace chi::bench {

class PingPong {
 public:
  /// Forks a partner that runs on `partner_cpu`.
  explicit PingPong(i32 partner_cpu);

  /// Round trips over one line, which both sides write.
  Samples OneLine(u64 slice_ns);
  /// Round trips over a request line and a reply line.
  Samples TwoLines(u64 slice_ns);

 private:
  struct Lines {
    alignas(kCacheLineSize) std::atomic<u64> request{0};
    alignas(kCacheLineSize) std::atomic<u64> reply{0};
    alignas(kCacheLineSize) std::atomic<bool> use_one_line{false};
  };

  void ServeOneLine();
  void ServeTwoLines();
  Samples Measure(u64 slice_ns, bool use_one_line);

  Shared<Lines> lines_;
  Partner partner_;
};

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_PING_PONG_H_
