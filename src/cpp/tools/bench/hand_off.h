// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The least that a write from another process can cost: one process fills a
// buffer, the other copies it once into its own memory.

#ifndef CHIMAERA_TOOLS_BENCH_HAND_OFF_H_
#define CHIMAERA_TOOLS_BENCH_HAND_OFF_H_

#include "harness.h"
#include "partner.h"

namespace chi::bench {

class HandOff {
 public:
  /// Forks a partner that runs on `partner_cpu` and copies up to kMaxBytes.
  explicit HandOff(i32 partner_cpu);

  /// Fills `bytes` and waits until they are copied, again and again.
  Samples FillAndCopy(u64 bytes, u64 slice_ns);
  /// The same; samples are the copying alone, as the partner has timed it.
  Samples CopyOnly(u64 bytes, u64 slice_ns);

  static constexpr u64 kMaxBytes = 1 << 20;

 private:
  struct Exchange {
    alignas(kCacheLineSize) std::atomic<u64> request{0};
    u64 bytes = 0;
    alignas(kCacheLineSize) std::atomic<u64> reply{0};
    u64 copy_ticks = 0;
    alignas(4096) char data[kMaxBytes];
  };

  // As a device has it: in memory that others can see, at the start of a page.
  struct Target {
    alignas(4096) char data[kMaxBytes];
  };

  void Serve();
  void Fill(u64 bytes);
  void HandOver(u64 bytes);
  void EndTurn();

  Shared<Exchange> exchange_;
  Shared<Target> target_;
  u64 count_ = 0;
  Partner partner_;
};

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_HAND_OFF_H_
